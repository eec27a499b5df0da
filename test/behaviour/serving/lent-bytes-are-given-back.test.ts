import assert from 'node:assert/strict'
import { connect } from 'node:http2'
import { after, type TestContext, test } from 'node:test'
import { makeCertificateFor } from '../../support/certificates.ts'
import { Lending } from '../../support/lending.ts'
import { type ProxySettings, type Stage, startProxy } from '../../support/start-proxy.ts'
import { expectedBytes } from '../../support/synthetic-bytes.ts'
import { assertBytes, longerThanBuffers, MiB, readFirst } from '../streaming/rig.ts'

const certificate = await makeCertificateFor({ after }, ['localhost'])
const overTls = { server: { tls: { cert_path: certificate.certPath, key_path: certificate.keyPath } } }
/** Keeps objects of these tests in memory, which are up to as long as what buffers swallow. */
const roomy = { memory: { max_cache_size_mb: 256, max_item_size_mb: 64 } }
const seed = 5

async function startLending(t: TestContext, settings: ProxySettings = {}): Promise<Stage & { lending: Lending }> {
  const lending = new Lending()
  return { ...(await startProxy(t, { cache: roomy, tierGuard: lending.guard, ...settings })), lending }
}

const expected = (start: number, end: number) => Buffer.from(expectedBytes(seed, start, end))

const requests: Readonly<Record<string, readonly [number, Readonly<Record<string, string>>, 'GET' | 'HEAD']>> = {
  'a GET': [200, {}, 'GET'],
  'a HEAD': [200, {}, 'HEAD'],
  'a range': [206, { range: 'bytes=100-5000' }, 'GET'],
  'several ranges': [206, { range: 'bytes=5000-9000,0-10,-7' }, 'GET'],
  'a range outside of it': [416, { range: 'bytes=99999999-' }, 'GET'],
  'a condition that is not met': [412, { 'if-match': '"other"' }, 'GET'],
  'a condition that spares the body': [304, { 'if-none-match': '"v1"' }, 'GET'],
  'a request for a fresher one': [200, { 'cache-control': 'max-age=0' }, 'GET'],
}

for (const size of [20_000, 3 * MiB]) {
  for (const [what, [status, headers, method]] of Object.entries(requests)) {
    test(`${what} for a cached object of ${size} bytes leaves no loan`, async (t) => {
      const bucket = { cache: { request_directives: 'honour' } }
      const { proxy, origin, lending } = await startLending(t, { bucket })
      origin.serve('a', { size, seed }, { etag: '"v1"' })
      await proxy.get('/b/a')
      const answer = await proxy.get('/b/a', { headers, method })
      assert.equal(answer.status, status)
      if (size === 20_000) assert.notEqual(lending.lent, 0)
      if (what === 'a GET') assert.ok(expected(0, size).equals(answer.body))
      if (what === 'a range') assert.ok(expected(100, 5001).equals(answer.body))
      if (what === 'several ranges') assert.ok(answer.body.includes(expected(5000, 9001)))
      await proxy.untilLogged(2)
      lending.assertNoneOpen()
    })
  }
}

test('what was lent of a stale object is not what is kept when the origin confirms it, nor served when it fails', async (t) => {
  const { proxy, origin, clock, lending } = await startLending(t, { s3: { retry: { max_attempts: 1 } } })
  const size = 20_000
  const object = origin.serve('a', { size, seed }, { headers: { 'cache-control': 'max-age=10, stale-if-error=1000' } })
  await proxy.get('/b/a')
  for (const isFailing of [false, false, true, false]) {
    await clock.advance(11_000)
    if (isFailing) object.failWith(500, 'InternalError')
    else object.recover()
    assertSame((await proxy.get('/b/a')).body, size)
    assertSame((await proxy.get('/b/a')).body, size)
  }
  lending.assertNoneOpen()
})

test('variants, other origins and remembered absences leave no loan', async (t) => {
  const { proxy, origin, lending } = await startLending(t)
  origin.serve('varied', { size: 20_000, seed }, { headers: { vary: 'accept' } })
  origin.serve('plain', { size: 20_000, seed })
  for (const path of ['/b/varied', '/b/varied', '/b/none', '/b/none', '/b/plain']) await proxy.get(path)
  await proxy.untilLogged(5)
  assert.equal(lending.lent, 1)
  lending.assertNoneOpen()
  await proxy.reload({ cache: roomy, s3: { bucket: 'another' } })
  await proxy.get('/b/plain')
  assert.equal(lending.lent, 2)
  lending.assertNoneOpen()
})

for (const [what, size] of [
  ['whole', MiB],
  ['slice by slice', longerThanBuffers],
] as const) {
  test(`a client that leaves an object sent ${what} in its midst leaves no loan, nor one that stalls until the end`, async (t) => {
    const { proxy, origin, lending } = await startLending(t)
    origin.serve('film', { size, seed })
    await proxy.get('/b/film')
    const leaver = new AbortController()
    const { body } = await proxy.open('/b/film', { signal: leaver.signal })
    body.on('error', () => {})
    assertBytes((await readFirst(body, 1000)).subarray(0, 1000), seed, 0, 1000)
    leaver.abort()
    await proxy.untilLogged(2)
    lending.assertNoneOpen()

    const stalled = await proxy.open('/b/film')
    stalled.body.on('error', () => {})
    await proxy.stop()
    lending.assertNoneOpen()
  })
}

test('streams of HTTP/2 that are given up one by one leave no loan, and their session no wrong byte', async (t) => {
  const { proxy, origin, lending } = await startLending(t, overTls)
  const size = 8 * MiB
  origin.serve('film', { size, seed })
  const session = connect(proxy.main, { rejectUnauthorized: false })
  t.after(() => session.destroy())
  const whole = async () => Buffer.concat(await session.request({ ':path': '/b/film' }).toArray())
  assertSame(await whole(), size)
  for (let number = 0; number < 10; number += 1) {
    const given = session.request({ ':path': '/b/film' })
    await readFirst(given, 100_000)
    given.close()
  }
  assertSame(await whole(), size)
  await proxy.untilLogged(12)
  lending.assertNoneOpen()
})

function assertSame(body: Uint8Array, size: number): void {
  assertBytes(body, seed, 0, size)
}
