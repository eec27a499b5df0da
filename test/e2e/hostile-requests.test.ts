import assert from 'node:assert/strict'
import { connect } from 'node:net'
import { after, type TestContext, test } from 'node:test'
import { connect as connectTls } from 'node:tls'
import { Agent, request } from 'undici'
import { makeCertificateFor } from '../support/certificates.ts'
import { startFakeOrigin } from '../support/fake-origin.ts'
import { startProxyProcess } from '../support/proxy-process.ts'
import { configFor } from '../support/start-proxy.ts'
import { type HostileRequest, hostileRequests, type Random, seededRandom } from './hostile-generator.ts'
import { readResponses, type WireResponse } from './wire-responses.ts'

const seed = 20_261_120
const atOnce = 16

/** Every byte of an object tells whose it is. */
const contentOf = (key: string, size: number) => `<${key}>`.repeat(Math.ceil(size / (key.length + 2)))
const objects = new Map(
  ['a.txt', 'b/c d.txt', 'é', 'x+y', 'per%25cent', 'deep//slash', '.hidden', 'large'].map((key) => {
    return [key, Buffer.from(contentOf(key, key === 'large' ? 1_500_000 : 500))] as const
  }),
)
const secret = 'NOBODY ASKED FOR THIS'

async function startStage(t: TestContext, server: object) {
  const origin = await startFakeOrigin(t)
  for (const [key, content] of objects) origin.serve(key, content)
  origin.serve('/vault/a.txt', secret)
  const vault = { bucket: 'vault', region: 'us-east-1', endpoint: origin.endpoint, anonymous: true }
  const moreBuckets = [{ name: 'vault', path_prefix: '/vault', s3: vault }]
  return startProxyProcess(t, configFor(origin.endpoint, { moreBuckets, server: { ...server } }))
}

const { certPath, keyPath } = await makeCertificateFor({ after }, ['localhost'])
const agent = new Agent({ connect: { rejectUnauthorized: false } })
after(() => agent.destroy())

for (const [how, server, batches] of [
  ['in the clear', {}, 1600],
  ['over TLS', { tls: { cert_path: certPath, key_path: keyPath } }, 800],
] as const) {
  test(`some thousand hostile requests ${how} (seed ${seed}) get a refusal or their own object, and break nothing`, (t) =>
    sendAll(t, server, batches))
}

async function sendAll(t: TestContext, server: object, batches: number): Promise<void> {
  const proxy = await startStage(t, server)
  const statuses = new Map<number, number>()
  let sent = 0

  const worker = async () => {
    while (sent < batches) {
      sent += 1
      const random = seededRandom(seed + sent)
      const requests = hostileRequests(random, [...objects.keys()])
      const { bytes, isReset } = await exchange(proxy.main, requests, random)
      const responses = readResponses(bytes, requests)
      // What a client says after its last word can cost it the end of the answer: its own fault, and plain to see.
      if (isReset && responses.at(-1)?.isWhole === false) responses.pop()
      assert.ok(responses.length <= requests.length)
      for (const [index, response] of responses.entries()) {
        const asked = requests[index]
        if (asked === undefined) continue
        statuses.set(response.status, (statuses.get(response.status) ?? 0) + 1)
        judge(asked, response)
      }
    }
  }
  await Promise.all(Array.from({ length: atOnce }, worker))

  for (const status of [200, 206, 304, 400, 404, 405, 412, 413, 416]) {
    assert.ok((statuses.get(status) ?? 0) > 0, `no ${status} among ${JSON.stringify([...statuses])}`)
  }
  assert.equal((await request(`${proxy.main}/health`, { dispatcher: agent })).statusCode, 200)
  assert.deepEqual(
    proxy.stdout.filter((line) => line.includes('InternalError') || line.includes('"status":500')),
    [],
  )
  assert.equal(await proxy.stop(), 0)
}

function judge(asked: HostileRequest, response: WireResponse): void {
  const context = `${JSON.stringify(asked.head)} was answered with ${response.status}`
  assert.ok(response.isWhole, `${context}, cut short`)
  assert.ok(response.status < 500 || [502, 503, 504].includes(response.status), context)
  assert.ok(!response.body.includes(secret), context)
  if (asked.method === 'HEAD' || response.status === 304) assert.equal(response.body.length, 0, context)
  else if (response.status === 200 || response.status === 206) assertOwn(asked, response, context)
}

/** The object that the path names, or the part of it that the answer says it is. */
function assertOwn({ path, method }: HostileRequest, { headers, status, body }: WireResponse, context: string): void {
  if (method !== 'GET') return
  const key = keyOf(path)
  if (key === undefined) {
    assert.match(path, /^\/(health|ready)$/, context)
    return
  }
  const content = objects.get(key)
  assert.ok(content !== undefined, context)
  const type = headers.get('content-type') ?? ''
  if (status === 200) assert.ok(body.equals(content), context)
  else if (type.startsWith('multipart/')) {
    for (const [, start, last, part] of partsIn(body)) {
      assert.ok(part.equals(content.subarray(start, last + 1)), context)
    }
  } else {
    const [, start, last] = /^bytes (\d+)-(\d+)\/\d+$/.exec(headers.get('content-range') ?? '') ?? []
    assert.ok(body.equals(content.subarray(Number(start), Number(last) + 1)), context)
  }
}

/** Byte by byte what the contract says of paths, written anew. */
function keyOf(path: string): string | undefined {
  const target = /^https?:\/\/[^/]+(\/.*)$/.exec(path)?.[1] ?? path
  const raw = target.split('?', 1)[0] ?? ''
  const bytes = Buffer.from(
    raw.replace(/%([\da-f]{2})/gi, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16))),
    'latin1',
  )
  const decoded = bytes.toString()
  return decoded.startsWith('/b/') ? decoded.slice(3) : undefined
}

function* partsIn(body: Buffer): Generator<[string, number, number, Buffer]> {
  const text = body.toString('latin1')
  for (const match of text.matchAll(/Content-Range: bytes (\d+)-(\d+)\/\d+\r\n\r\n/g)) {
    const [head, start, last] = match
    const from = match.index + head.length
    yield [head, Number(start), Number(last), body.subarray(from, from + Number(last) - Number(start) + 1)]
  }
}

interface Received {
  readonly bytes: Buffer
  readonly isReset: boolean
}

/** Sends all requests of a batch in two pieces, cut anywhere, and takes what comes until the other side closes. */
function exchange(url: string, requests: readonly HostileRequest[], random: Random): Promise<Received> {
  const { protocol, hostname: host, port } = new URL(url)
  const all = Buffer.from(requests.map(({ head, body }) => head + body).join(''), 'latin1')
  return new Promise((resolve) => {
    const chunks: Buffer[] = []
    let isReset = false
    const address = { host, port: Number(port) }
    const socket = protocol === 'https:' ? connectTls({ ...address, rejectUnauthorized: false }) : connect(address)
    socket.on('data', (chunk: Buffer) => chunks.push(chunk))
    socket.on('error', () => {
      isReset = true
    })
    socket.on('close', () => resolve({ bytes: Buffer.concat(chunks), isReset }))
    socket.on(protocol === 'https:' ? 'secureConnect' : 'connect', () => {
      const cut = random.below(all.length)
      socket.write(all.subarray(0, cut))
      setImmediate(() => socket.write(all.subarray(cut)))
    })
  })
}
