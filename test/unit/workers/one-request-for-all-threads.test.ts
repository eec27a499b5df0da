/** Cold objects that several threads are asked for at once. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ProxyError } from '../../../src/base/errors.ts'
import { CacheKey } from '../../../src/cache/cache-key.ts'
import { quiet } from '../objects/rig.ts'
import { type Got, held, release, ScriptedOrigin, small, textOf, threads } from './threads.ts'

const statusOf = ({ result }: Got) => result.how.status
const isCollapsed = ({ result }: Got) => result.how.facts.collapsed === true

test('a herd on three threads costs one origin request, and one request alone has asked for it', async () => {
  const origin = new ScriptedOrigin()
  await using on = threads(3, origin)
  const { give, barrier } = held(() => small(on))
  origin.willAnswer(give)
  const herd = [...on.threads, ...on.threads, ...on.threads].map((thread) => thread.get())
  await release(barrier, on.clock)
  const got = await Promise.all(herd)
  assert.deepEqual(new Set(got.map(textOf)), new Set(['small']))
  assert.equal(origin.queries.length, 1)
  assert.equal(got.filter(({ own }) => own.asked).length, 1)
  assert.equal(got.filter(isCollapsed).length, 8)
  assert.deepEqual(new Set(got.map(statusOf)), new Set(['miss']))
})

test('a HEAD waits for the GET of another thread, and a GET for no HEAD', async () => {
  const origin = new ScriptedOrigin()
  await using on = threads(3, origin)
  const { give, barrier } = held(() => small(on))
  origin.willAnswer(give)
  const got = on.thread(0).get()
  await quiet()
  const heads = [on.thread(1).get({ method: 'HEAD' }), on.thread(2).get({ method: 'HEAD' })]
  await release(barrier, on.clock)
  await Promise.all([got, ...heads])
  assert.deepEqual(
    origin.queries.map(({ method }) => method),
    ['GET'],
  )
  const asked = [on.thread(0).get({ key: 'other', method: 'HEAD' }), on.thread(1).get({ key: 'other' })]
  await Promise.all(asked)
  assert.deepEqual(
    origin.queries
      .slice(1)
      .map(({ method }) => method)
      .sort(),
    ['GET', 'HEAD'],
  )
})

test('who comes just after the answer was stored finds it, though it looked before', async () => {
  const origin = new ScriptedOrigin()
  await using on = threads(2, origin)
  origin.willAnswer(async () => small(on))
  const { store } = on
  const look = store.lend
  const late = held(() => small(on))
  // The second one looks before the answer comes, and goes on after it.
  store.lend = async (id, timeline) => {
    const found = await look.call(store, id, timeline)
    store.lend = look
    await late.barrier.arrive()
    return found
  }
  const second = on.thread(1).get()
  await late.barrier.reached
  await on.thread(0).get()
  late.barrier.release()
  assert.equal(textOf(await second), 'small')
  assert.equal(origin.queries.length, 1)
})

for (const negativeTtlMs of [0, 10_000]) {
  test(`an absence that is remembered for ${negativeTtlMs} ms is asked for once`, async () => {
    const origin = new ScriptedOrigin()
    await using on = threads(3, origin, { negativeTtlMs })
    const { give, barrier } = held(() => {
      const at = on.clock.now()
      return { kind: 'missing', code: 'NoSuchKey', requestedAt: at, receivedAt: at }
    })
    origin.willAnswer(give)
    const herd = on.threads.map((thread) => thread.get())
    await release(barrier, on.clock)
    const got = await Promise.all(herd)
    assert.deepEqual(
      got.map(({ result }) => result.kind),
      ['missing', 'missing', 'missing'],
    )
    assert.equal(origin.queries.length, 1)
  })
}

test('what is not to be stored is asked for by each, and after that without a wait', async () => {
  const origin = new ScriptedOrigin()
  await using on = threads(3, origin)
  const answer = () => small({ ...on, headers: ['Cache-Control', 'no-store'] })
  const { give, barrier } = held(answer)
  const next = held(answer)
  origin.willAnswer(give, next.give)
  const herd = on.threads.map((thread) => thread.get())
  await release(barrier, on.clock)
  await quiet()
  assert.equal(origin.queries.length, 3)
  const later = on.threads.map((thread) => thread.get())
  await quiet()
  assert.equal(origin.queries.length, 6)
  next.barrier.release()
  const got = await Promise.all([...herd, ...later])
  assert.ok(got.every(({ own, bytes }) => own.asked && Buffer.from(bytes).equals(Buffer.from('small'))))
  assert.ok(on.threads.every(({ uncacheable }) => uncacheable.has(new CacheKey('b', 'film'))))
})

test('a failure of the origin is shared, with all that clients may know of it, and the next request asks again', async () => {
  const origin = new ScriptedOrigin()
  await using on = threads(3, origin)
  const { give, barrier } = held(() => {
    throw new ProxyError('SlowDown', 'asked to slow down', { retryAfterSeconds: 7 })
  })
  origin.willAnswer(give, async () => small(on))
  const herd = [...on.threads, ...on.threads].map((thread) => thread.get())
  const failures = herd.map((one) => assert.rejects(one, { code: 'SlowDown', retryAfterSeconds: 7 }))
  await release(barrier, on.clock)
  await Promise.all(failures)
  assert.equal(origin.queries.length, 1)
  assert.equal(textOf(await on.thread(2).get()), 'small')
})

test('answers of a failing origin are passed on one at a time, to each its own', async () => {
  const origin = new ScriptedOrigin()
  await using on = threads(3, origin)
  let atOnce = 0
  let most = 0
  origin.willAnswer(async () => {
    most = Math.max(most, ++atOnce)
    await quiet()
    atOnce--
    return small({ ...on, status: 500, text: 'failing', headers: ['Cache-Control', 'no-store'] })
  })
  const got = await Promise.all(on.threads.map((thread) => thread.get()))
  assert.deepEqual(got.map(textOf), ['failing', 'failing', 'failing'])
  assert.deepEqual([most, origin.queries.length], [1, 3])
})

test('when the one that asks leaves, another one asks', async () => {
  const origin = new ScriptedOrigin()
  await using on = threads(2, origin)
  const client = new AbortController()
  origin.willAnswer(
    ({ signal }) => new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason))),
    async () => small(on),
  )
  const left = assert.rejects(on.thread(0).get({ signal: client.signal }), /client gone/)
  await quiet()
  const waiting = on.thread(1).get()
  await quiet()
  client.abort(new Error('client gone'))
  await left
  assert.equal(textOf(await waiting), 'small')
  assert.equal(origin.queries.length, 2)
})

test('a client that leaves before it is known whether its thread may ask leaves no claim', async () => {
  const origin = new ScriptedOrigin()
  await using on = threads(2, origin)
  origin.willAnswer(async ({ signal }) => {
    signal.throwIfAborted()
    return small(on)
  })
  const client = new AbortController()
  const left = assert.rejects(on.thread(1).get({ signal: client.signal }), /client gone/)
  await Promise.resolve()
  client.abort(new Error('client gone'))
  await left
  await quiet()
  assert.equal(textOf(await on.thread(0).get()), 'small')
})

test('when the thread that asks ends, another one asks, and nothing is left of it', async () => {
  const origin = new ScriptedOrigin()
  await using on = threads(3, origin)
  origin.willAnswer(
    () => new Promise(() => {}),
    async () => small(on),
  )
  void on
    .thread(1)
    .get()
    .catch(() => {})
  await quiet()
  const waiting = [on.thread(0).get(), on.thread(2).get()]
  await quiet()
  assert.equal(origin.queries.length, 1)
  await on.thread(1).die()
  for (const one of waiting) assert.equal(textOf(await one), 'small')
  assert.equal(origin.queries.length, 2)
})

test('a thread whose hub is gone asks by itself', async () => {
  const origin = new ScriptedOrigin()
  await using on = threads(2, origin)
  const never = held(() => small(on))
  origin.willAnswer(never.give, async () => small(on))
  const forever = on.thread(0).get()
  await quiet()
  const waiting = on.thread(1).get()
  await quiet()
  await on.thread(1).cutOff()
  assert.equal(textOf(await waiting), 'small')
  never.barrier.release()
  await forever
})

test('an exchange that hangs is not waited for longer than ten seconds', async () => {
  const origin = new ScriptedOrigin()
  await using on = threads(2, origin)
  const hanging = held(() => small(on))
  origin.willAnswer(hanging.give, async () => small(on))
  const forever = on.thread(0).get()
  await quiet()
  const waiting = on.thread(1).get()
  await quiet()
  await on.clock.advance(10_000)
  assert.equal(textOf(await waiting), 'small')
  hanging.barrier.release()
  await forever
})
