/** Claims against any order of what threads may do: claim, give back, stop waiting, end. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setImmediate as turn } from 'node:timers/promises'
import type { EpochMs, RecordId } from '../../src/base/types.ts'
import { Claims } from '../../src/workers/claims.ts'
import type { ClaimReply } from '../../src/workers/peer-calls.ts'
import { FakeClock } from '../support/fake-clock.ts'
import { fc } from '../support/fast-check.ts'

const outcomes = [{ kind: 'look' }, { kind: 'alone' }] as const

const claim = fc.record({
  act: fc.constant('claim' as const),
  thread: fc.nat(3),
  id: fc.constantFrom('b:one', 'b:two'),
  method: fc.constantFrom('GET', 'HEAD'),
  hasLooked: fc.boolean(),
})

const step = fc.oneof(
  { arbitrary: claim, weight: 3 },
  // `which` of those who claim or wait, so that they all have their turn.
  {
    arbitrary: fc.record({
      act: fc.constant('give back' as const),
      which: fc.nat(),
      outcome: fc.constantFrom(...outcomes),
    }),
    weight: 2,
  },
  { arbitrary: fc.record({ act: fc.constant('end' as const), thread: fc.nat(3) }), weight: 1 },
  { arbitrary: fc.record({ act: fc.constant('purge' as const), id: fc.constantFrom('b:one', 'b:two') }), weight: 1 },
  { arbitrary: fc.record({ act: fc.constant('pass' as const), ms: fc.constantFrom(1, 2000) }), weight: 1 },
)

interface Claimant {
  readonly thread: number
  readonly number: number
  readonly method: string
  readonly id: string
  /** When it claimed, in steps. */
  readonly at: number
  reply: ClaimReply | undefined
  /** Its own thread has asked anew since. */
  isReplaced: boolean
}

/** What `holder` asked, by the same thread. */
function isAnew({ thread, method, id }: Claimant, holder: Claimant): boolean {
  return thread === holder.thread && method === holder.method && id === holder.id
}

function model() {
  const clock = new FakeClock()
  const purgedAt = new Map<string, number>()
  const isPurged = (id: string, at: number) => (purgedAt.get(id) ?? -1) > at
  const claims = new Claims({ clock, isOutdated: isPurged })
  /** Those that have a claim, or wait for one. */
  const present = new Set<Claimant>()
  let steps = 0

  function settle(claimant: Claimant, reply: ClaimReply): void {
    if (reply.kind === 'mine') for (const one of holders()) one.isReplaced ||= isAnew(claimant, one)
    else present.delete(claimant)
    claimant.reply = reply
  }

  async function take(next: typeof step extends fc.Arbitrary<infer S> ? S : never): Promise<void> {
    steps += 1
    switch (next.act) {
      case 'claim': {
        const { thread, id, method, hasLooked } = next
        const startedAt = steps as EpochMs
        const question = { method, id: id as RecordId, hasLooked, startedAt, originFingerprint: 'o', number: steps }
        const claimant: Claimant = { thread, number: steps, method, id, at: steps, reply: undefined, isReplaced: false }
        present.add(claimant)
        void claims.claim(thread, question).then((reply) => settle(claimant, reply))
        break
      }
      case 'give back': {
        const claimant = [...present][next.which % Math.max(1, present.size)]
        if (claimant === undefined) break
        present.delete(claimant)
        claims.giveBack(claimant.thread, claimant.number, next.outcome)
        break
      }
      case 'end':
        for (const claimant of [...present]) if (claimant.thread === next.thread) present.delete(claimant)
        claims.leave(next.thread)
        break
      case 'purge':
        purgedAt.set(next.id, steps)
        break
      default:
        await clock.advance(next.ms)
    }
    await turn()
  }

  const holders = () => [...present].filter(({ reply }) => reply?.kind === 'mine')
  const waiting = () => [...present].filter(({ reply }) => reply === undefined)
  return { claims, present, take, holders, waiting, isPurged }
}

test('of one question there is never more than one claim that is still good, and nobody waits for none', async () => {
  const property = fc.asyncProperty(fc.array(step, { maxLength: 60, size: 'max' }), async (steps) => {
    const on = model()
    for (const next of steps) {
      await on.take(next)
      const holders = on.holders()
      const current = holders
        .filter(({ id, at, isReplaced }) => !isReplaced && !on.isPurged(id, at))
        .map(({ method, id }) => `${method} ${id}`)
      assert.equal(new Set(current).size, current.length, 'two claims of one question')
      for (const { method, id } of on.waiting()) {
        const serves = holders.some((one) => one.id === id && (one.method === 'GET' || one.method === method))
        assert.ok(serves, 'waits though nobody asks')
      }
      assert.equal(on.claims.size, on.present.size)
    }
    for (const { thread, number } of on.holders()) on.claims.giveBack(thread, number, outcomes[0])
    await turn()
    assert.deepEqual(on.waiting(), [], 'waits though all claims were given back')
    assert.equal(on.claims.size, 0)
  })
  await fc.assert(property, { numRuns: 300 })
})
