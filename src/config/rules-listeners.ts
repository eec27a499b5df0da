/** Where the listeners listen, and rules between them. */

import { isAdminOn } from './effective-admin.ts'
import { parseHostPort } from './formats.ts'
import type { Report } from './problem.ts'
import type { Settings } from './schema.ts'

interface Place {
  readonly host: string
  readonly port: number
}

export const defaultPorts = { server: 8080, metrics: 9090 } as const

/** Where a listener listens; `port` is the key beside `address`. */
export function listenAt(
  settings: { readonly address: string | undefined; readonly port: number | undefined },
  defaultPort: number,
): Place {
  const { host, port } = parseHostPort(settings.address ?? '') ?? { host: '0.0.0.0', port: undefined }
  return { host, port: settings.port ?? port ?? defaultPort }
}

/** Undefined: there is no administration, or it is on the main listener. */
export function adminAddress(settings: Settings): Place | undefined {
  const { host, port } = parseHostPort(settings.admin.address ?? '') ?? {}
  return host === undefined || port === undefined || !isAdminOn(settings) ? undefined : { host, port }
}

export function checkListeners(settings: Settings, report: Report): void {
  const { server, metrics } = settings
  checkOnePort('server', server, report)
  if (metrics.enabled) checkOnePort('metrics', metrics, report)
  const places: readonly Named[] = [
    { name: 'public', at: listenAt(server, defaultPorts.server), paths: ['server.port', 'server.address'] },
    {
      name: 'metrics',
      at: metrics.enabled ? listenAt(metrics, defaultPorts.metrics) : undefined,
      paths: ['metrics.port', 'metrics.address'],
    },
    { name: 'admin', at: adminAddress(settings), paths: ['admin.address'] },
  ]
  places.forEach((later, index) => {
    for (const earlier of places.slice(0, index)) checkApart(earlier, later, report)
  })
}

interface Named {
  readonly name: string
  readonly at: Place | undefined
  readonly paths: readonly string[]
}

function checkApart(earlier: Named, later: Named, report: Report): void {
  if (earlier.at === undefined || later.at === undefined) return
  const [a, b] = [earlier.at, later.at]
  const sameHost = a.host === b.host || isWildcard(a.host) || isWildcard(b.host)
  if (a.port === 0 || a.port !== b.port || !sameHost) return
  const [first, ...others] = [...later.paths, ...earlier.paths].filter((path) => report.isGiven(path))
  if (first === undefined) return
  const message = `the ${earlier.name} and the ${later.name} listener cannot both have port ${a.port}`
  report.contradict([first, ...others], message)
}

function checkOnePort(name: 'server' | 'metrics', listener: Settings['server' | 'metrics'], report: Report): void {
  const [address, port] = [`${name}.address`, `${name}.port`] as const
  if (listener.port === undefined || parseHostPort(listener.address ?? '')?.port === undefined) return
  report.contradict([port, address], `is given twice: here and in ${address}`)
}

function isWildcard(host: string): boolean {
  return host === '0.0.0.0' || host === '::'
}
