import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createJwks } from '../../../src/access/jwks.ts'
import { systemRandom } from '../../../src/base/random.ts'
import { Barrier } from '../../support/barrier.ts'
import { FakeClock } from '../../support/fake-clock.ts'
import { jwk, keys, say, startJwks, startKeyServer } from './key-server.ts'

const hourMs = 3_600_000
/** With half of the chance there is. */
const refreshAfterMs = 0.95 * hourMs

test('keys are fetched at once and found by their kid', async (t) => {
  const server = await startKeyServer(t)
  server.answer = keys('a', 'b')
  const { jwks, next, ask } = startJwks(t, server.url)

  assert.equal(jwks.candidates({ algorithm: 'EdDSA', id: 'a' }), 'none-yet')
  assert.deepEqual(await next(), { keys: 2 })
  assert.deepEqual(await ask('a'), ['a'])
  assert.deepEqual(await ask('b'), ['b'])
  assert.deepEqual(await ask(undefined), [])
  assert.equal(server.requests, 1)
})

test('keys without a kid are tried for every token of their algorithm, keys with one for none that lacks it', async (t) => {
  const server = await startKeyServer(t)
  const nameless = { ...(jwk('nameless') as object), kid: undefined }
  server.answer = say(JSON.stringify({ keys: [nameless, jwk('a')] }))
  const { next, ask } = startJwks(t, server.url)

  await next()
  assert.deepEqual(await ask(undefined), [undefined])
  assert.deepEqual(await ask('a'), [undefined, 'a'])
  assert.equal(server.requests, 1)
})

test('a key of that name and another algorithm is no reason to fetch', async (t) => {
  const server = await startKeyServer(t)
  const { jwks, next } = startJwks(t, server.url)
  await next()
  assert.deepEqual(await jwks.candidates({ algorithm: 'RS256', id: 'a' }), [])
  assert.equal(server.requests, 1)
})

test('until there are keys it says so, and tries again after growing delays that tokens do not shorten', async (t) => {
  const server = await startKeyServer(t)
  server.answer = say('down', 503)
  const { jwks, clock, next, ask } = startJwks(t, server.url)

  await next()
  // Three quarters of 1, 2, 4, … 30 s.
  for (const [retries, delayMs] of [750, 1_500, 3_000, 6_000, 12_000, 22_500, 22_500].entries()) {
    await clock.advance(delayMs - 1)
    assert.equal(await ask(`unknown-${retries}`), 'none-yet')
    assert.equal(server.requests, retries + 1)
    await Promise.all([next(), clock.advance(1)])
    assert.equal(server.requests, retries + 2)
  }
  assert.equal(jwks.generation, 0)

  server.answer = keys('a')
  await Promise.all([next(), clock.advance(22_500)])
  assert.deepEqual(await ask('a'), ['a'])
  await clock.advance(refreshAfterMs - 1)
  assert.equal(server.requests, 9)
})

test('keys are refreshed before they expire, and go when they are listed no more', async (t) => {
  const server = await startKeyServer(t)
  const { jwks, clock, next, ask } = startJwks(t, server.url)
  await next()
  const generation = jwks.generation

  server.answer = keys('b')
  await clock.advance(refreshAfterMs - 1)
  assert.equal(server.requests, 1)
  await Promise.all([next(), clock.advance(1)])

  assert.deepEqual(await ask('b'), ['b'])
  assert.deepEqual(await ask('a'), [])
  assert.equal(jwks.generation, generation + 1)
})

test('an interval longer than timers can take is cut short', async (t) => {
  const server = await startKeyServer(t)
  const { clock, next } = startJwks(t, server.url, 1000 * hourMs)
  await next()
  await Promise.all([next(), clock.advance(2 ** 31 - 1)])
  assert.equal(server.requests, 2)
})

test('the same keys in another order are no new generation', async (t) => {
  const server = await startKeyServer(t)
  server.answer = keys('a', 'b')
  const { jwks, clock, next } = startJwks(t, server.url)
  await next()
  const before = await jwks.candidates({ algorithm: 'EdDSA', id: 'a' })
  const generation = jwks.generation

  server.answer = keys('b', 'a')
  await Promise.all([next(), clock.advance(refreshAfterMs)])

  assert.equal(jwks.generation, generation)
  const after = await jwks.candidates({ algorithm: 'EdDSA', id: 'a' })
  assert.equal(after[0], before[0])
})

test('a thousand tokens with a new kid wait for one fetch, and none is turned down', async (t) => {
  const server = await startKeyServer(t)
  const { next, ask } = startJwks(t, server.url)
  await next()

  server.answer = keys('a', 'b')
  const answers = await Promise.all(Array.from({ length: 1_000 }, () => ask('b')))

  assert.deepEqual(answers, Array(1_000).fill(['b']))
  assert.equal(server.requests, 2)
})

test('a new kid is found although the fetch under way was answered before it came to be', async (t) => {
  const server = await startKeyServer(t)
  const { clock, next, ask } = startJwks(t, server.url)
  await next()

  const hold = new Barrier()
  const [old, renewed] = [keys('a'), keys('a', 'b')]
  server.answer = (request, response) => {
    server.answer = renewed
    void hold.arrive().then(() => old(request, response))
  }
  await clock.advance(refreshAfterMs)
  await hold.reached
  const asked = Promise.all([ask('b'), ask('b'), ask('c')])
  hold.release()

  assert.deepEqual(await asked, [['b'], ['b'], []])
  assert.equal(server.requests, 3)
})

test('a refresh that is due joins the fetch for an unknown kid', async (t) => {
  const server = await startKeyServer(t)
  const { clock, next, ask } = startJwks(t, server.url)
  await next()

  await clock.advance(refreshAfterMs - 1)
  const hold = new Barrier()
  server.answer = (request, response) => void hold.arrive().then(() => keys('a', 'b')(request, response))
  const asked = ask('b')
  await hold.reached
  await clock.advance(1)
  hold.release()

  assert.deepEqual(await asked, ['b'])
  await clock.advance(refreshAfterMs - 1)
  assert.equal(server.requests, 2)
})

test('a flood of unknown kids costs one fetch in ten seconds, whether it succeeds or not', async (t) => {
  const server = await startKeyServer(t)
  const { clock, next, ask } = startJwks(t, server.url)
  await next()
  const flood = () => Promise.all(Array.from({ length: 1_000 }, (_, i) => ask(`unknown-${i}`)))

  assert.deepEqual(await flood(), Array(1_000).fill([]))
  assert.equal(server.requests, 2)
  server.answer = say('down', 500)
  await clock.advance(9_999)
  await flood()
  assert.equal(server.requests, 2)
  await clock.advance(1)
  assert.deepEqual(await flood(), Array(1_000).fill([]))
  assert.equal(server.requests, 3)
  await clock.advance(9_999)
  await flood()
  assert.equal(server.requests, 3)
  assert.deepEqual(await ask('a'), ['a'])
})

test('with the endpoint down for an hour, known keys go on being found', async (t) => {
  const server = await startKeyServer(t)
  const { jwks, clock, next, ask } = startJwks(t, server.url)
  await next()
  const generation = jwks.generation

  server.answer = (request) => request.socket.destroy()
  await Promise.all([next(), clock.advance(refreshAfterMs)])
  for (const backAtMs = clock.monotonicMs() + hourMs; clock.monotonicMs() < backAtMs; ) {
    await Promise.all([next(), clock.advance(22_500)])
    assert.deepEqual(await ask('a'), ['a'])
  }
  assert.equal(jwks.generation, generation)
  assert.ok(server.requests < 170, `${server.requests} requests`)

  server.answer = keys('b')
  await Promise.all([next(), clock.advance(22_500)])
  assert.deepEqual(await ask('b'), ['b'])
})

test('an endpoint that does not answer is given up after five seconds, and tokens with it', async (t) => {
  const server = await startKeyServer(t)
  const { clock, next, ask } = startJwks(t, server.url)
  await next()

  const asked = new Barrier()
  server.answer = () => void asked.arrive()
  const [unknown, told] = [ask('b'), next()]
  await asked.reached
  assert.deepEqual(await ask('a'), ['a'])
  await clock.advance(5_000)

  assert.deepEqual(await unknown, [])
  assert.match(String(Object.values(await told)[0]), /within 5000 ms/)
})

for (const url of [
  'http://keys.example/',
  'http://127.0.0.1.example/',
  'ftp://127.0.0.1/',
  'https://u:p@keys.example/',
]) {
  test(`keys are not fetched from ${url}`, () => {
    const ports = { clock: new FakeClock(), random: systemRandom, events: { fetched() {}, failed() {}, closed() {} } }
    assert.throws(() => createJwks({ url, refreshIntervalMs: hourMs }, ports), /the address of the key set must/)
    assert.equal(ports.clock.waiting, 0)
  })
}
