/** The listeners and the log. */

import { addressBlock, listenAddress } from './formats.ts'
import { choice, flag, list, number, optionalSection, section, size, text, wordOr } from './setting.ts'

// setTimeout counts milliseconds in 31 bits.
export const maxTimerSeconds = 2_147_483

const limits = section(
  'What a request may look like.',
  {
    max_header_size: size({
      unit: 'bytes',
      default: 16_384,
      min: 256,
      max: 1_048_576,
      help: 'Bytes of a request head. More is answered with 431.',
    }),
    max_uri_length: number({
      whole: true,
      default: 8192,
      min: 1,
      max: 1_048_576,
      help: 'Characters of a request target. More is answered with 414, or with 431 when `max_header_size` is reached first.',
    }),
    max_request_body_size: size({
      unit: 'bytes',
      default: 0,
      min: 0,
      max: 1_073_741_824,
      help: 'Bytes of a request body on a bucket path. More is answered with 413.',
    }),
  },
  { aliases: ['limits'] },
)

const tls = optionalSection(
  'TLS, on by being there. PEM files, read when the config is.',
  {
    cert_path: text({
      example: '/etc/yatagarasu/server.crt',
      help: 'The certificate, with those it was signed by behind it.',
    }),
    key_path: text({ example: '/etc/yatagarasu/server.key', help: 'Its private key, without a passphrase.' }),
    min_tls_version: choice({ values: ['1.2', '1.3'], default: '1.2', help: 'The oldest version that is spoken.' }),
    certificates: list(
      section('One certificate.', {
        cert_path: text({ required: true, example: '/etc/yatagarasu/other.crt', help: 'As above.' }),
        key_path: text({ required: true, example: '/etc/yatagarasu/other.key', help: 'As above.' }),
      }),
      {
        mayBeEmpty: true,
        help: 'More certificates, each for the host names it holds. The first of all serves clients that name another host, or none.',
      },
    ),
  },
  { aliases: ['server.https'] },
)

export const server = section('The public listener.', {
  address: text({
    absent: '`0.0.0.0:8080`',
    example: '"0.0.0.0:8080"',
    format: listenAddress,
    help: 'Where to listen: `host:port`, IPv6 as `[::]:8080`. Port 0 takes any free one. Without a port, `server.port` holds.',
  }),
  port: number({
    whole: true,
    min: 0,
    max: 65_535,
    absent: '8080, or the port in `server.address`',
    help: 'The port, where `server.address` is a host alone.',
  }),
  tls,
  trusted_proxies: list(text({ format: addressBlock, help: 'An address or a CIDR block.' }), {
    mayBeEmpty: true,
    help: 'Addresses and CIDR blocks, such as `10.0.0.0/8`, of proxies whose word on the client address is believed.',
  }),
  client_address_from: choice({
    values: ['x-forwarded-for', 'forwarded', 'proxy-protocol'],
    default: 'x-forwarded-for',
    help: 'Where trusted proxies tell the client address: in one of two header fields, whose right-most hop that is not trusted is the client, or in the PROXY protocol, which they all have to speak then.',
  }),
  workers: wordOr(['auto'], number({ whole: true, min: 1, max: 256, help: 'How many.' }), {
    default: 1,
    help: 'Threads that serve requests, each with its own event loop; one cache, one set of limits and one administration for all. `auto`: as many as there are cores.',
  }),
  max_concurrent_requests: number({
    whole: true,
    default: 10_000,
    min: 1,
    max: 1_000_000,
    help: 'How many requests are served at a time, each until its last body byte is sent.',
  }),
  queue_size: number({
    whole: true,
    default: 0,
    min: 0,
    max: 1_000_000,
    help: 'How many more may wait for their turn. Beyond both, requests are answered with 503.',
  }),
  memory_budget_mb: size({
    unit: 'megabytes',
    min: 1,
    max: 1_048_576,
    absent: 'no common bound; what is on its way from the origin has 256 MB',
    example: '1280',
    help: 'One bound for caches and buffers: the memory tier, writes to slower tiers, the index of the disk, verified tokens and counts of rate limits. What they leave of it is for what is on its way from the origin, divided among the threads of `server.workers`. A budget that leaves too little is an error, which tells the sum.',
  }),
  keep_alive_timeout_seconds: number({
    unit: 'seconds',
    default: 75,
    min: 0.001,
    max: maxTimerSeconds,
    help: 'How long an idle connection stays open. Longer than the 60 seconds of common load balancers.',
  }),
  request_timeout_seconds: number({
    unit: 'seconds',
    default: 30,
    min: 0.001,
    max: maxTimerSeconds,
    aliases: ['server.limits.request_timeout_seconds'],
    help: 'To receive a request head (408), for a client that takes no byte, and for the whole wait for a response head, retries included.',
  }),
  shutdown_timeout_seconds: number({
    unit: 'seconds',
    default: 30,
    min: 0,
    max: maxTimerSeconds,
    aliases: ['shutdown.timeout_seconds'],
    help: 'How long requests in flight may take to finish after SIGTERM.',
  }),
  limits,
})

export const configWatch = flag({ default: false, help: 'Whether to reload this file when it changes.' })

export const metrics = section('The listener for `/metrics`, `/health` and `/ready`.', {
  enabled: flag({ default: true, help: 'Whether there is one.' }),
  address: text({
    absent: '`0.0.0.0:9090`',
    example: '"0.0.0.0:9090"',
    format: listenAddress,
    help: 'Where to listen, as `server.address`. Without a port, `metrics.port` holds.',
  }),
  port: number({
    whole: true,
    min: 0,
    max: 65_535,
    absent: '9090, or the port in `metrics.address`',
    help: 'The port, where `metrics.address` is a host alone.',
  }),
})

export const logging = section('The log on standard output.', {
  level: choice({
    values: ['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'],
    default: 'info',
    help: 'The least severe lines that are written.',
  }),
  format: choice({
    values: ['json', 'pretty'],
    default: 'json',
    help: 'One JSON object a line, or text for a terminal.',
  }),
})
