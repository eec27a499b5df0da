import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setImmediate as turn } from 'node:timers/promises'
import { ProxyError } from '../../../src/base/errors.ts'
import { withHedge } from '../../../src/origin/hedging.ts'
import type { OriginQuery } from '../../../src/origin/origin.ts'
import { FakeClock } from '../../support/fake-clock.ts'
import { fc } from '../../support/fast-check.ts'
import { type Asked, AskedOrigin } from './asked-origin.ts'
import { ask, RecordedEvents } from './rig.ts'

const unreachable = () => new ProxyError('OriginUnreachable', 'away')

function stage({ budget = 1 } = {}) {
  const clock = new FakeClock()
  const events = new RecordedEvents()
  const inner = new AskedOrigin()
  const origin = withHedge(inner, { budget }, { clock, events })
  /** The ask begun most recently. */
  const latest = () => inner.asks.at(-1) as Asked
  /** One request whose only ask is answered after so long. */
  const answeredAfter = async (ms: number) => {
    const answer = ask(origin)
    await clock.advance(ms)
    latest().answer()
    await answer
  }
  return {
    clock,
    events,
    inner,
    origin,
    latest,
    answeredAfter,
    /** As many requests as it takes to know what is usual. */
    async accustom(ms: number) {
      for (let count = 0; count < 20; count++) await answeredAfter(ms)
      inner.asks.length = 0
    },
    /** A request that was asked for `usualMs` already, so that there are two asks. */
    async hedged(usualMs: number, query: Partial<OriginQuery> = {}) {
      const answer = ask(origin, query)
      answer.catch(() => {})
      await clock.advance(usualMs)
      const [first, second] = inner.asks
      assert.ok(first !== undefined && second !== undefined && inner.asks.length === 2)
      return { answer, first, second }
    },
  }
}

test('what takes longer than usual is asked a second time, once', async () => {
  const { clock, events, inner, origin, latest, accustom } = stage()
  await accustom(30)
  const answer = ask(origin, { method: 'HEAD', ifMatch: '"a"' })
  await clock.advance(29)
  assert.equal(inner.asks.length, 1)
  await clock.advance(1)
  assert.equal(inner.asks.length, 2)
  const { method, ifMatch } = latest().query
  assert.deepEqual([method, ifMatch], ['HEAD', '"a"'])
  await clock.advance(60_000)
  assert.equal(inner.asks.length, 2)
  assert.deepEqual(events.retries, ['hedged'])
  latest().answer()
  await answer
})

test('what is answered in time is asked once', async () => {
  const { clock, events, inner, accustom, answeredAfter } = stage()
  await accustom(30)
  await answeredAfter(29)
  await clock.advance(60_000)
  assert.equal(inner.asks.length, 1)
  assert.deepEqual(events.retries, [])
})

test('nothing is slow before twenty answers say what is usual', async () => {
  const { clock, inner, origin, latest, answeredAfter } = stage()
  for (let count = 0; count < 19; count++) await answeredAfter(1)
  inner.asks.length = 0
  const answer = ask(origin)
  await clock.advance(60_000)
  assert.equal(inner.asks.length, 1)
  latest().answer()
  await answer
})

test('less than five milliseconds are no wait', async () => {
  const { clock, inner, origin, latest, accustom } = stage()
  await accustom(1)
  const answer = ask(origin)
  await clock.advance(4)
  assert.equal(inner.asks.length, 1)
  await clock.advance(1)
  assert.equal(inner.asks.length, 2)
  latest().answer()
  await answer
})

for (const winner of [0, 1] as const) {
  const [won, lost] = winner === 0 ? ['first', 'second'] : ['second', 'first']
  test(`the ${won} ask being answered, the ${lost} one is ended`, async () => {
    const { inner, accustom, hedged } = stage()
    await accustom(30)
    const { answer } = await hedged(30)
    const [best, other] = [inner.asks[winner], inner.asks[1 - winner]]
    best?.answer()
    const given = await answer
    assert.equal(given.kind === 'object' && given.body, best?.body)
    assert.deepEqual([best?.query.signal.aborted, other?.query.signal.aborted], [false, true])
    assert.equal(best?.body?.isCancelled, false)
  })
}

test('an answer that comes all the same gives its connection back', async () => {
  const { inner, accustom, hedged } = stage()
  await accustom(30)
  inner.heedsSignals = false
  const { answer, first, second } = await hedged(30)
  second.answer()
  first.answer()
  assert.equal((await answer).kind, 'object')
  await turn()
  assert.deepEqual([first.body?.isCancelled, second.body?.isCancelled], [true, false])
})

test('an error before the second ask is the outcome', async () => {
  const { clock, inner, origin, latest, accustom } = stage()
  await accustom(30)
  const answer = assert.rejects(ask(origin), { code: 'OriginUnreachable' })
  latest().fail(unreachable())
  await answer
  await clock.advance(60_000)
  assert.equal(inner.asks.length, 1)
})

test('an error waits for the other ask, whichever it is', async () => {
  for (const failing of [0, 1] as const) {
    const { inner, accustom, hedged } = stage()
    await accustom(30)
    const { answer } = await hedged(30)
    inner.asks[failing]?.fail(unreachable())
    await turn()
    inner.asks[1 - failing]?.answer()
    assert.equal((await answer).kind, 'object')
  }
})

test('of two errors the first is told', async () => {
  const { accustom, hedged } = stage()
  await accustom(30)
  const { answer, first, second } = await hedged(30)
  second.fail(unreachable())
  await turn()
  first.fail(new ProxyError('SlowDown', 'busy'))
  await assert.rejects(answer, { code: 'OriginUnreachable' })
})

test('a client that leaves ends both asks, with its own reason', async () => {
  const { accustom, hedged } = stage()
  await accustom(30)
  const gone = new AbortController()
  const { answer, first, second } = await hedged(30, { signal: gone.signal })
  gone.abort(new Error('client left'))
  await assert.rejects(answer, { message: 'client left' })
  assert.deepEqual([first.query.signal.aborted, second.query.signal.aborted], [true, true])
})

test('a client that has left is not asked for again, however slow the first ask is to end', async () => {
  const { clock, inner, origin, latest, accustom } = stage()
  await accustom(30)
  inner.heedsSignals = false
  const gone = new AbortController()
  const answer = assert.rejects(ask(origin, { signal: gone.signal }), { message: 'client left' })
  gone.abort(new Error('client left'))
  await clock.advance(30)
  assert.equal(inner.asks.length, 1)
  latest().fail(new Error('client left'))
  await answer
})

test('the client’s signal ends the body of the answer too', async () => {
  const { accustom, hedged } = stage()
  await accustom(30)
  const gone = new AbortController()
  const { answer, second } = await hedged(30, { signal: gone.signal })
  second.answer()
  await answer
  assert.equal(second.query.signal.aborted, false)
  gone.abort(new Error('client left'))
  assert.equal(second.query.signal.aborted, true)
})

test('the budget bounds what is asked twice', async () => {
  const { clock, events, inner, origin, accustom } = stage({ budget: 0.05 })
  await accustom(5)
  const answers = Array.from({ length: 100 }, () => ask(origin))
  await clock.advance(60)
  assert.equal(inner.asks.length, 100 + 7) // 5 % of 120 requests, and one
  assert.equal(events.retries.length, 7)
  for (const asked of inner.asks) asked.answer()
  await Promise.all(answers)
})

test('what is slow stays slow where the second ask wins', async () => {
  const { clock, inner, origin, latest, accustom } = stage({ budget: 1 })
  await accustom(30)
  for (let count = 0; count < 300; count++) {
    const answer = ask(origin)
    await clock.advance(count % 3 === 0 ? 40 : 20)
    latest().answer()
    await answer
  }
  inner.asks.length = 0
  const answer = ask(origin)
  await clock.advance(29)
  assert.equal(inner.asks.length, 1)
  latest().answer()
  await answer
})

test('OPTIONS is asked once', async () => {
  const { clock, inner, origin, latest, accustom } = stage()
  await accustom(30)
  const answer = ask(origin, { method: 'OPTIONS' })
  await clock.advance(60_000)
  assert.equal(inner.asks.length, 1)
  latest().answer()
  await answer
})

test('closing it closes what it asks', async () => {
  const { inner, origin } = stage()
  await origin.close()
  assert.equal(inner.isClosed, true)
})

type Fate = { readonly kind: 'answer' | 'fail' | 'hang'; readonly afterMs: number }
const fate: fc.Arbitrary<Fate> = fc.record({
  kind: fc.constantFrom('answer', 'fail', 'hang'),
  afterMs: fc.integer({ min: 1, max: 200 }),
})
const request = fc.record({
  startsAtMs: fc.nat(500),
  leavesAfterMs: fc.option(fc.nat(300), { nil: undefined }),
  fates: fc.tuple(fate, fate),
})

/** Once the ask is there, this is what becomes of it; at last it fails, as timeouts have it. */
function meet(clock: FakeClock, { kind, afterMs }: Fate, asked: () => Asked | undefined): void {
  clock.alarm(afterMs, () => {
    if (kind === 'answer') asked()?.answer()
    if (kind === 'fail') asked()?.fail(unreachable())
  })
  clock.alarm(1000, () => asked()?.fail(unreachable()))
}

test('each request has one outcome, and nothing is left open but the bodies that were given', async () => {
  const requests = fc.array(request, { minLength: 1, maxLength: 12 })
  const property = fc.asyncProperty(requests, fc.boolean(), async (chosen, heedsSignals) => {
    const { clock, inner, origin, accustom } = stage()
    await accustom(30)
    inner.heedsSignals = heedsSignals
    const outcomes: unknown[] = []
    chosen.forEach(({ startsAtMs, leavesAfterMs, fates }, index) => {
      const client = new AbortController()
      if (leavesAfterMs !== undefined) clock.alarm(startsAtMs + leavesAfterMs, () => client.abort())
      clock.alarm(startsAtMs, () => {
        const mark = String(index)
        const answer = ask(origin, { signal: client.signal, ifMatch: mark })
        answer.then(
          (given) => outcomes.push(given.kind === 'object' && given.body),
          () => outcomes.push(undefined),
        )
        const own = () => inner.asks.filter(({ query }) => query.ifMatch === mark)
        meet(clock, fates[0], () => own()[0])
        clock.alarm(30, () => meet(clock, fates[1], () => own()[1]))
      })
    })
    await clock.advance(2000)
    assert.equal(outcomes.length, chosen.length)
    assert.equal(clock.waiting, 0)
    const open = inner.asks.map(({ body }) => body).filter((body) => body !== undefined && !body.isCancelled)
    assert.deepEqual(new Set(open), new Set(outcomes.filter((body) => body !== undefined)))
  })
  await fc.assert(property, { numRuns: 200 })
})
