import assert from 'node:assert/strict'
import { once } from 'node:events'
import { connect } from 'node:net'
import { text } from 'node:stream/consumers'
import { test } from 'node:test'
import { request as send } from 'undici'
import { administered, adminOf } from '../../support/administration.ts'
import { FakeClock } from '../../support/fake-clock.ts'
import { type Answer, type ProxyUnderTest, startProxyBefore } from '../../support/start-proxy.ts'
import { hs256 } from '../../support/tokens.ts'
import { samplesOf } from '../../unit/observe/samples.ts'
import { type Ask, Dice, kindsOfRequest } from './random-requests.ts'
import { startTalliedOrigin } from './tallied-origin.ts'
import { counted, Tally } from './tally.ts'

const requests = 10_000
const atOnce = 24
const seed = Number(process.env['METRICS_SEED'] ?? 20261121)

const settingsOf: Readonly<Record<string, object>> = {
  small: {},
  large: {},
  left: {},
  off: { cache: { enabled: false } },
  failing: {},
  protected: { jwt: { ...hs256, claims: [{ claim: 'role', operator: 'equals', value: 'reader' }] } },
  inside: { ip_allowlist: ['10.0.0.0/8', '127.0.0.1'] },
  limited: { rate_limit: { global: { requests_per_second: 1, burst_size: 40 } } },
}

function settings(endpoint: string) {
  const keys = { region: 'us-east-1', endpoint, access_key: 'test', secret_key: 'test-secret' }
  const moreBuckets = Object.entries(settingsOf).map(([name, more]) => ({
    ...{ name, path_prefix: `/${name}`, s3: { bucket: name, ...keys, retry: { max_attempts: 1 } } },
    ...more,
  }))
  return { moreBuckets, server: { trusted_proxies: ['127.0.0.1'] }, top: administered }
}

/** What the answer, its fields and the request itself say of how it was come by. */
function tallyAnswer(tally: Tally, ask: Ask, answer: Answer): void {
  const { bucket, method, auth } = ask
  const { status, body } = answer
  tally.add('http_requests_total', { bucket, method, status })
  tally.add('http_request_duration_seconds_count', { bucket, cache: cacheLabel(ask, answer) })
  tally.add('http_response_bytes_total', { bucket }, body.length)
  if (auth !== undefined) tally.add('auth_total', { bucket, outcome: auth })
  if (status === 429) tally.add('rate_limited_total', { bucket, scope: 'bucket' })
  if (status === 403 && bucket === 'inside') tally.add('ip_denied_total', { bucket })
  if (ask.body !== undefined) tally.add('rejected_requests_total', { reason: 'body' })
  if (status === 400 && bucket === '') tally.add('rejected_requests_total', { reason: 'bad-path' })
  tallySpared(tally, ask, answer)
}

function tallySpared(tally: Tally, ask: Ask, answer: Answer): void {
  const { bucket, partBytes } = ask
  const { status, body } = answer
  const told = answer.header('cache-status') ?? ''
  const cache = cacheLabel(ask, answer)
  const isCollapsed = told.includes('collapsed')
  // Who waited and could not share the answer has asked for itself: then nothing was stored.
  const isAnothers = isCollapsed && told.includes('stored')
  if (isCollapsed) tally.add('cache_coalesced_requests_total', { bucket })
  if (cache === 'hit' || isAnothers) tally.add('origin_requests_avoided_total', { bucket })
  if (status >= 400 || !(cache === 'hit' || cache === 'revalidated' || isAnothers)) return
  tally.add('origin_bytes_avoided_total', { bucket }, status === 206 ? (partBytes ?? body.length) : body.length)
}

function cacheLabel({ bucket, method, headers }: Ask, { status, header }: Answer): string {
  const isRefused = [401, 405, 413, 429].includes(status) || (status === 403 && bucket !== 'small')
  if (bucket === '' || bucket === 'off' || isRefused || !['GET', 'HEAD'].includes(method)) return 'none'
  // An error page does not say what the cache would have done.
  return header('x-cache')?.toLowerCase() ?? (headers['cache-control'] === 'no-store' ? 'bypass' : 'miss')
}

async function perform(proxy: ProxyUnderTest, tally: Tally, ask: Ask): Promise<void> {
  const { path, leaves, crowd = 0 } = ask
  const read = () => (leaves ? readHead(proxy, ask) : proxy.get(path, ask))
  const answers = await Promise.all(Array.from({ length: 1 + crowd }, read))
  for (const answer of answers) tallyAnswer(tally, ask, answer)
}

/** And nothing more. */
async function readHead(proxy: ProxyUnderTest, ask: Ask): Promise<Answer> {
  const { body, statusCode: status, headers } = await proxy.open(ask.path, ask)
  body.on('error', () => undefined).destroy()
  return { status, header: (name) => headers[name]?.toString(), body: Buffer.alloc(0), text: '' }
}

type Choices = readonly (readonly [string, string])[]

const malformed: Choices = [
  ['bad-syntax', 'GET /small/a b HTTP/1.1\r\nHost: a\r\n\r\n'],
  ['smuggling', 'GET / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n'],
  ['bad-host', 'GET / HTTP/1.1\r\n\r\n'],
  ['bad-target', 'GET ftp://a/ HTTP/1.1\r\nHost: a\r\n\r\n'],
  ['connect', 'CONNECT a:443 HTTP/1.1\r\nHost: a\r\n\r\n'],
  ['uri-too-long', `GET /${'a'.repeat(9000)} HTTP/1.1\r\nHost: a\r\n\r\n`],
]

async function sendMalformed(proxy: ProxyUnderTest, tally: Tally, dice: Dice): Promise<void> {
  const [reason, bytes] = dice.of(malformed)
  const socket = connect(Number(new URL(proxy.main).port), '127.0.0.1')
  const over = once(socket, 'close')
  socket.end(bytes)
  assert.match(await text(socket), /^HTTP\/1\.1 4/)
  await over
  tally.add('rejected_requests_total', { reason })
}

const purges: Choices = [
  ['object', '/cache/purge/small/obj-3-550'],
  ['object', '/cache/purge/small/obj-4-700'],
  ['prefix', '/cache/purge/small/obj-1*'],
  ['prefix', '/cache/purge/protected/*'],
  ['bucket', '/cache/purge/large'],
  ['all', '/cache/purge'],
]

test(`counters agree with what clients and origin have counted themselves (METRICS_SEED=${seed})`, async (t) => {
  const [client, atOrigin, clock, dice] = [new Tally(), new Tally(), new FakeClock(), new Dice(seed)]
  const endpoint = await startTalliedOrigin(t, atOrigin, clock)
  const proxy = await startProxyBefore(t, endpoint, { clock, ...settings(endpoint) })
  const administer = await adminOf(proxy)
  const kinds = await kindsOfRequest()
  const purge = async () => {
    const [scope, path] = dice.of(purges)
    const answer = await administer('POST', path)
    tallyAnswer(client, { bucket: '', path, method: 'POST', headers: {}, auth: 'verified' }, answer)
    client.add('cache_purges_total', { scope })
    await clock.advance(1) // what is fetched in the same moment may be older than the purge, and is not kept
  }
  let left = requests
  const worker = async () => {
    while (left-- > 0) {
      const lot = dice.below(100)
      if (lot === 0 && dice.below(2) === 0) await purge()
      else if (lot === 1) await sendMalformed(proxy, client, dice)
      else await perform(proxy, client, dice.of(kinds)(dice))
    }
  }
  await Promise.all(Array.from({ length: atOnce }, worker))
  await proxy.untilMetric('yatagarasu_http_requests_total', {}, client.total('http_requests_total'))

  const exposition = await (await send(`${proxy.metrics}/metrics`)).body.text()
  const told = (metric: string) => counted(samplesOf(exposition, `yatagarasu_${metric}`))
  for (const metric of [
    ...['http_requests_total', 'http_request_duration_seconds_count', 'rejected_requests_total', 'auth_total'],
    ...['rate_limited_total', 'ip_denied_total', 'cache_coalesced_requests_total', 'cache_purges_total'],
  ]) {
    assert.ok(client.total(metric) > 0, `${metric} had nothing to count`)
    assert.deepEqual(told(metric), client.of(metric), metric)
  }
  // How much of an answer has left for those who left, nobody but the proxy knows.
  const sent = 'http_response_bytes_total'
  assert.deepEqual(without(told(sent), 'left'), without(client.of(sent), 'left'), sent)
  // Of large objects a part may be called off before it is answered, and need not be what a reader's own request brought.
  for (const metric of ['origin_requests_total', 'origin_request_duration_seconds_count', 'origin_bytes_total'])
    assert.deepEqual(without(told(metric), 'large', 'left'), without(atOrigin.of(metric), 'large', 'left'), metric)
  for (const metric of ['origin_requests_avoided_total', 'origin_bytes_avoided_total'])
    assert.deepEqual(without(told(metric), 'large', 'left'), without(client.of(metric), 'large', 'left'), metric)
  const bytesOf = (metric: string) => told(metric)['{bucket="large"}'] ?? 0
  const [sentLarge, avoided] = [bytesOf(sent), bytesOf('origin_bytes_avoided_total')]
  assert.ok(
    avoided > 0 && avoided <= sentLarge && avoided >= sentLarge - bytesOf('origin_bytes_total'),
    `${avoided} of ${sentLarge}`,
  )
})

function without(counts: Readonly<Record<string, number>>, ...buckets: readonly string[]) {
  const isOf = (series: string) => buckets.some((name) => series.includes(`bucket="${name}"`))
  return Object.fromEntries(Object.entries(counts).filter(([series]) => !isOf(series)))
}
