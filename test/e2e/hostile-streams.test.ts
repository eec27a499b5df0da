import assert from 'node:assert/strict'
import { after, type TestContext, test } from 'node:test'
import { makeCertificateFor } from '../support/certificates.ts'
import { startFakeOrigin } from '../support/fake-origin.ts'
import {
  type Frame,
  type FrameClient,
  flag,
  frame,
  frameType,
  headerBlock,
  openFrames,
  requestFrames,
} from '../support/http2-frames.ts'
import { startProxyProcess } from '../support/proxy-process.ts'
import { configFor } from '../support/start-proxy.ts'
import { type Random, seededRandom } from './hostile-generator.ts'

const seed = 20_261_121
const connections = 400
const keys = ['a.txt', 'b/c.txt', 'x+y', 'deep//slash', '.hidden'] as const
const contentOf = (key: string) => `<${key}>`.repeat(40)
const secret = 'NOBODY ASKED FOR THIS'

async function startStage(t: TestContext) {
  const origin = await startFakeOrigin(t)
  for (const key of keys) origin.serve(key, contentOf(key))
  origin.serve('/vault/a.txt', secret)
  const { certPath, keyPath } = await makeCertificateFor({ after }, ['localhost'])
  // Short: some of what is sent leaves a connection that nobody can use any more.
  const timeouts = { request_timeout_seconds: 2, keep_alive_timeout_seconds: 1 }
  return startProxyProcess(
    t,
    configFor(origin.endpoint, { server: { tls: { cert_path: certPath, key_path: keyPath }, ...timeouts } }),
  )
}

test(`hostile streams (seed ${seed}) are answered, reset or cut off, and break nothing`, async (t) => {
  const proxy = await startStage(t)
  const outcomes = { answered: 0, refused: 0, reset: 0, 'cut off': 0 }
  for (let index = 0; index < connections; index++) {
    const random = seededRandom(seed + index)
    const client = await openFrames(proxy.main)
    const asked = new Map<number, string>()
    const last = attack(client, random, asked)
    const over = client.until((found) => found.streamId === last && isEnd(found))
    await over.catch(() => undefined) // cut off before
    if (client.socket.destroyed) outcomes['cut off'] += 1
    for (const [streamId, key] of asked) {
      const outcome = outcomeOf(client, streamId, key, `connection ${index}`)
      if (outcome !== undefined) outcomes[outcome] += 1
    }
    client.socket.destroy()
  }
  for (const [outcome, count] of Object.entries(outcomes)) assert.ok(count > 10, `${count} streams were ${outcome}`)
  assert.deepEqual(
    proxy.stdout.filter((line) => line.includes('InternalError') || line.includes('"status":500')),
    [],
  )
  assert.equal(await proxy.stop(), 0)
})

/** Up to twenty frames nobody means well, and a harmless request, whose stream is given. */
function attack(client: FrameClient, random: Random, asked: Map<number, string>): number {
  let streamId = 1
  for (let left = random.below(20); left > 0; left -= 1) {
    if (random.chance(0.8)) {
      const key = random.pick(keys)
      asked.set(streamId, key)
      client.send(random.chance(0.97) ? request(random, streamId, key) : torn(request(random, streamId, key), random))
      if (random.chance(0.1)) client.send(frame(frameType.reset, 0, streamId, Buffer.of(0, 0, 0, random.below(14))))
      streamId += 2
    } else client.send(oddFrame(random, streamId))
  }
  client.send(requestFrames(streamId, [...target('GET', '/ready')]))
  return streamId
}

const target = (method: string, path: string) => [
  ':method',
  method,
  ':scheme',
  'https',
  ':authority',
  'a.test',
  ':path',
  path,
]

function request(random: Random, streamId: number, key: string): Buffer {
  const method = random.chance(0.85) ? 'GET' : random.pick(['HEAD', 'OPTIONS', 'POST', 'get', 'CONNECT', ''])
  const path = random.chance(0.8)
    ? `/b/${key}`
    : random.pick([
        '/vault/a.txt',
        '/b/../vault/a.txt',
        '/b/%2e%2e/vault/a.txt',
        '*',
        '',
        'b',
        '/b/%zz',
        '/b/\xff',
        '/b/%00',
      ])
  const fields = random.chance(0.7) ? [] : random.pick(oddFields)
  return requestFrames(streamId, [...target(method, path), ...fields], random.chance(0.9) ? flag.endStream : 0)
}

const oddFields: readonly [readonly string[], ...(readonly string[])[]] = [
  ['host', 'b.test'],
  ['host', 'a.test'],
  ['connection', 'close'],
  ['transfer-encoding', 'chunked'],
  ['te', 'trailers'],
  ['content-length', '5'],
  ['content-length', '0', 'content-length', '5'],
  ['x', 'a\r\nhost: b'],
  ['X-Upper', 'a'],
  [':path', '/vault/a.txt'],
  [':status', '200'],
  ['', 'a'],
  ['range', 'bytes=0-4'],
  ['cookie', 'a', 'cookie', 'b'],
  ['x-long', 'a'.repeat(20_000)],
  ['x-forwarded-for', '1.2.3.4', 'expect', '100-continue'],
]

function oddFrame(random: Random, streamId: number): Buffer {
  const id = random.pick([0, 1, streamId, streamId + 1, streamId + 2, 2 ** 31 - 1])
  const payload = Buffer.alloc(random.pick([0, 1, 4, 5, 6, 8, 100]), random.below(256))
  return random.pick([
    frame(frameType.data, random.below(16), id, payload),
    frame(frameType.settings, random.below(2), 0, payload),
    frame(frameType.ping, random.below(2), 0, Buffer.alloc(8)),
    frame(frameType.windowUpdate, 0, id, Buffer.of(0, 0, random.below(2), 0)),
    frame(frameType.continuation, flag.endHeaders, id, headerBlock(['x', 'y'])),
    frame(frameType.headers, random.below(64), id, payload),
    frame(random.below(256), random.below(256), id, payload),
    frame(2, 0, id, Buffer.alloc(5)),
  ])
}

/** Its last bytes missing, and enough behind it that nobody waits for them. */
function torn(bytes: Buffer, random: Random): Buffer {
  return Buffer.concat([bytes.subarray(0, 1 + random.below(bytes.length - 1)), Buffer.alloc(40_000)])
}

function isEnd({ type, flags }: Frame): boolean {
  return type === frameType.reset || (flags & flag.endStream) !== 0
}

type Outcome = 'answered' | 'refused' | 'reset'

/** Undefined: the connection ended before the stream did. */
function outcomeOf(client: FrameClient, streamId: number, key: string, context: string): Outcome | undefined {
  const frames = client.frames.filter((found) => found.streamId === streamId)
  const body = Buffer.concat(
    frames.filter(({ type }) => type === frameType.data).map(({ payload }) => payload),
  ).toString()
  assert.ok(!body.includes(secret), context)
  if (frames.some(({ type }) => type === frameType.reset)) return 'reset'
  if (!frames.some(isEnd)) return undefined
  if (body === '' || body.startsWith('{"error":')) return 'refused'
  const content = contentOf(key)
  assert.ok(body === content || body === content.slice(0, 5), `${context}: ${body}`)
  return 'answered'
}
