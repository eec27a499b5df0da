import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setImmediate as turn } from 'node:timers/promises'
import { ProxyError } from '../../../src/base/errors.ts'
import { answers, changed, type Deed, fails, hangs, object, stage } from './replica-stage.ts'
import { ask, bytesOf, failsWith } from './rig.ts'

const once = { maxAttempts: 1 }

async function times(count: number, act: () => Promise<unknown>): Promise<void> {
  for (let time = 0; time < count; time++) await act().catch(() => undefined)
}

test('after five failures in a row a replica is left alone, and requests go to the next without trying it', async () => {
  const on = stage()
  on.replica('a').does = fails()
  await times(5, () => ask(on.origin))
  assert.equal(on.asked(), 'ababababab')
  assert.deepEqual(on.events.breakers, ['a open'])
  await times(3, () => ask(on.origin))
  assert.equal(on.asked(), 'bbb')
  assert.equal(on.events.failovers, 5)
})

test('a success in between starts the count over', async () => {
  const on = stage({ replicas: 'a', retry: once })
  for (let round = 0; round < 4; round++) {
    on.replica('a').next.push(fails(), fails(), fails(), fails(), answers())
    await times(5, () => ask(on.origin))
  }
  assert.deepEqual(on.events.breakers, [])
})

test('half of twenty failing opens it too', async () => {
  const on = stage({ replicas: 'a', retry: once })
  for (let round = 0; round < 10; round++) on.replica('a').next.push(answers(), fails('OriginError'))
  await times(19, () => ask(on.origin))
  assert.deepEqual(on.events.breakers, [])
  await times(1, () => ask(on.origin))
  assert.deepEqual(on.events.breakers, ['a open'])
})

function failsToConnect(code: string): Deed {
  const cause = Object.assign(new Error(`connect ${code}`), { code })
  return () => {
    throw new ProxyError('OriginUnreachable', 'scripted', { cause })
  }
}

const outcomes = {
  opens: [
    ...(['OriginUnreachable', 'OriginTimeout', 'OriginTruncated', 'OriginError', 'SlowDown'] as const).map(
      (code) => [code, fails(code)] as const,
    ),
    ['OriginMalformed', fails('OriginMalformed')],
    ['a 500 that is not S3’s', answers(object(500))],
  ],
  leaves: [
    ...(['AccessDenied', 'InvalidObjectState', 'OriginRejected', 'OriginCredentials', 'OriginRedirect'] as const).map(
      (code) => [code, fails(code)] as const,
    ),
    ['a 404', answers({ kind: 'missing', code: 'NoSuchKey', requestedAt: 0 as never, receivedAt: 0 as never })],
    ...['EMFILE', 'ENFILE'].map((code) => [`${code} where a connection was wanted`, failsToConnect(code)] as const),
    ['another version', answers()],
    ['a 404 that is not S3’s', answers(object(404))],
  ],
} as const
for (const [name, deed] of outcomes.opens) {
  test(`${name} is a failure`, async () => {
    const on = stage({ replicas: 'a', retry: once })
    on.replica('a').does = deed
    await times(5, () => ask(on.origin))
    assert.deepEqual(on.events.breakers, ['a open'])
  })
}
for (const [name, deed] of outcomes.leaves) {
  test(`${name} is no failure`, async () => {
    const on = stage({ replicas: 'a', retry: once })
    on.replica('a').does = deed
    await times(40, () => ask(on.origin))
    assert.deepEqual(on.events.breakers, [])
  })
}

test('a client that leaves says nothing about the replica', async () => {
  const on = stage({ replicas: 'a', retry: once })
  on.replica('a').does = hangs
  await times(40, () => {
    const gone = new AbortController()
    const answer = ask(on.origin, { signal: gone.signal })
    gone.abort(new Error('client left'))
    return answer
  })
  assert.deepEqual(on.events.breakers, [])
})

test('nor does one that the proxy has no more time for', async () => {
  const on = stage({ replicas: 'a', retry: once })
  on.replica('a').does = hangs
  await times(40, () => {
    const late = new AbortController()
    const answer = ask(on.origin, { signal: late.signal })
    late.abort(new ProxyError('OriginTimeout', 'the whole wait was too long'))
    return answer
  })
  assert.deepEqual(on.events.breakers, [])
})

test('bodies that break off are failures as well, and those given up are none', async () => {
  for (const [error, breakers] of [
    [new Error('given up'), []],
    [new ProxyError('OriginTruncated', 'scripted'), ['a open']],
  ] as const) {
    const on = stage({ replicas: 'a' })
    on.replica('a').does = () => object(200, [Buffer.from('x'), error])
    await times(30, async () => {
      const answer = await ask(on.origin)
      if (answer.kind === 'object') await bytesOf(answer.body)
    })
    assert.deepEqual(on.events.breakers, breakers)
  }
})

test('when all are left alone a request is refused at once, told when the first will be tried', async () => {
  const on = stage({ breaker: { failureThreshold: 1, openForMs: 3500 } })
  for (const name of 'ab') on.replica(name).does = fails()
  await times(1, () => ask(on.origin))
  assert.equal(on.asked(), 'ab')
  await on.clock.advance(1200)
  await assert.rejects(ask(on.origin), { code: 'CircuitOpen', status: 503, source: 'origin', retryAfterSeconds: 3 })
  assert.equal(on.asked(), '')
})

test('the first that will be tried counts, and no wait is shorter than a second', async () => {
  const on = stage({ breaker: { failureThreshold: 1, openForMs: 3000, maxProbes: 1 } })
  on.replica('a').does = fails()
  await ask(on.origin)
  await on.clock.advance(2000)
  on.replica('b').does = fails()
  await times(1, () => ask(on.origin))
  await assert.rejects(ask(on.origin), { code: 'CircuitOpen', retryAfterSeconds: 1 }) // `b` is only after three
  await on.clock.advance(1000)
  on.replica('a').does = hangs
  void ask(on.origin)
  await assert.rejects(ask(on.origin), { code: 'CircuitOpen', retryAfterSeconds: 1 }) // `a` is being tried
})

test('a breaker open for long is told to be tried by the next probe', async () => {
  const on = stage({ breaker: { failureThreshold: 1 } })
  for (const name of 'ab') on.replica(name).does = fails()
  await times(1, () => ask(on.origin))
  await assert.rejects(ask(on.origin), { code: 'CircuitOpen', retryAfterSeconds: 5 })
})

test('a request whose failure opens the last breaker does not wait for it', async () => {
  const on = stage({ replicas: 'a', breaker: { failureThreshold: 1 } })
  on.replica('a').does = fails()
  await assert.rejects(ask(on.origin), failsWith('OriginUnreachable'))
  assert.equal(on.clock.waiting, 0)
})

test('once its time is over a few requests are let through to it, and two that succeed close it', async () => {
  const on = stage({ breaker: { openForMs: 1000 } })
  on.replica('a').does = fails()
  await times(5, () => ask(on.origin))
  await on.clock.advance(1000)
  on.asked()
  const back = Promise.withResolvers<void>()
  on.replica('a').does = async () => {
    await back.promise
    return changed
  }
  const requests = Array.from({ length: 5 }, () => ask(on.origin))
  await turn()
  assert.equal(on.asked(), 'aaabb')
  back.resolve()
  await Promise.all(requests)
  assert.deepEqual(on.events.breakers, ['a open', 'a half-open', 'a closed'])
  await ask(on.origin)
  assert.equal(on.asked(), 'a')
})

test('a refusal shows that it works as well as an object does', async () => {
  const on = stage({ breaker: { openForMs: 1000 } })
  on.replica('a').does = fails()
  await times(5, () => ask(on.origin))
  await on.clock.advance(1000)
  on.replica('a').does = fails('AccessDenied')
  await times(2, () => ask(on.origin))
  assert.equal(on.events.breakers.at(-1), 'a closed')
})
