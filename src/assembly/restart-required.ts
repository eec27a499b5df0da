/** Settings that a running process keeps: what they made is open, and in use. */

import type { Config, LayerConfig } from '../config/config.ts'

/** The paths of those in which `next` differs, in the words of the file. */
export function restartRequired(running: Config, next: Config): readonly string[] {
  const [before, after] = [keptSettings(running), keptSettings(next)]
  const paths = new Set([...before.keys(), ...after.keys()])
  return [...paths].filter((path) => JSON.stringify(before.get(path)) !== JSON.stringify(after.get(path)))
}

function keptSettings({
  server,
  metrics,
  admin,
  layers,
  logging,
  audit,
  warming,
}: Config): ReadonlyMap<string, unknown> {
  const { host, port, tls, shutdownTimeoutMs: _, requestTimeoutMs, keepAliveTimeoutMs, ...rest } = server
  return new Map<string, unknown>([
    ['server.address', [host, port]],
    ['server.tls', tls?.minVersion],
    ['server.workers', rest.workers],
    ['server.request_timeout_seconds', requestTimeoutMs],
    ['server.keep_alive_timeout_seconds', keepAliveTimeoutMs],
    ['server.trusted_proxies', [rest.trustedProxies, rest.clientAddressFrom]],
    ['server.limits', [rest.maxHeaderBytes, rest.maxUriLength, rest.maxRequestBodyBytes]],
    ['metrics.address', metrics],
    ['admin.address', [admin !== undefined, admin?.address]],
    ['logging.format', logging.format],
    ['cache.cache_layers', layers.map(({ kind }) => kind)],
    ...layers.flatMap(layerSettings),
    ['audit_log.file', audit?.file],
    ['audit_log.syslog', audit?.syslog],
    ['audit_log.s3_export', audit?.s3],
    ['audit_log.chain', audit?.chain],
    ['warming.concurrency', warming.concurrency],
    ['warming.requests_per_second', warming.requestsPerSecond],
  ])
}

function layerSettings(layer: LayerConfig): readonly (readonly [string, unknown])[] {
  switch (layer.kind) {
    case 'memory':
      return Object.entries(layer.options).map(([name, value]) => [`cache.memory.${memoryNames[name] ?? name}`, value])
    case 'disk':
      return [
        ['cache.disk.cache_dir', layer.options.folder],
        ['cache.disk.max_disk_cache_size_mb', layer.options.maxBytes],
      ]
    case 'redis':
      return [['cache.redis', layer.options]]
  }
}

const memoryNames: Readonly<Record<string, string>> = {
  maxBytes: 'max_cache_size_mb',
  maxItemBytes: 'max_item_size_mb',
}
