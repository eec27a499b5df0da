/** When the answer that another thread was given will do. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { everything } from '../../../src/cache/scope.ts'
import { mayServe } from '../../../src/objects/claimed-flight.ts'
import type { OriginAnswer } from '../../../src/origin/origin.ts'
import { noDirectives } from '../../../src/policy/request-directives.ts'
import { Barrier } from '../../support/barrier.ts'
import { headOf } from '../../support/cache-records.ts'
import { quiet } from '../objects/rig.ts'
import { type Got, held, release, ScriptedOrigin, small, textOf, threads, wantedOf } from './threads.ts'

const statusOf = ({ result }: Got) => result.how.status
const isCollapsed = ({ result }: Got) => result.how.facts.collapsed === true

/** The same answer, whose body waits at `middle` before it comes. */
function inPieces(answer: ReturnType<typeof small>, middle: Barrier): OriginAnswer {
  const body = {
    cancel() {},
    async *[Symbol.asyncIterator]() {
      await middle.arrive()
      yield* answer.body
    },
  }
  return { ...answer, body }
}

test('who comes after a purge waits for nothing that was asked before it, and is not given it', async () => {
  const origin = new ScriptedOrigin()
  await using on = threads(3, origin)
  const before = on.clock.now()
  const old = held(() => {
    const { head, ...rest } = small({ ...on, text: 'old' })
    return { ...rest, head: { ...head, requestedAt: before } }
  })
  origin.willAnswer(old.give, async () => small({ ...on, text: 'new' }))
  const asked = on.thread(0).get()
  await quiet()
  const waiting = on.thread(1).get()
  await quiet()
  await on.store.purge(everything, 'hard')
  await on.clock.advance(1)
  assert.equal(textOf(await on.thread(2).get()), 'new')
  old.barrier.release()
  await asked
  assert.equal(textOf(await waiting), 'new')
  assert.equal(textOf(await on.thread(0).get()), 'new')
  assert.equal(origin.queries.length, 2)
})

test('no-cache is content with what another thread was told after it came, and with nothing older', async () => {
  const origin = new ScriptedOrigin()
  await using on = threads(2, origin)
  const { give, barrier } = held(() => small(on))
  origin.willAnswer(give, async () => small({ ...on, text: 'newer' }))
  const noCache = { directives: { ...noDirectives, noCache: true } }
  const asked = on.thread(0).get()
  await quiet()
  const waiting = on.thread(1).get(noCache)
  await release(barrier, on.clock)
  await asked
  const got = await waiting
  assert.deepEqual([textOf(got), isCollapsed(got), origin.queries.length], ['small', true, 1])
  assert.equal(textOf(await on.thread(1).get(noCache)), 'newer')
})

test('no-cache that comes while another thread has its answer, but not all of it, asks again', async () => {
  const origin = new ScriptedOrigin()
  await using on = threads(2, origin)
  const middle = new Barrier()
  const { give, barrier } = held(() => small(on))
  origin.willAnswer(
    async () => (await give()) && inPieces(small(on), middle),
    async () => small({ ...on, text: 'newer' }),
  )
  const asked = on.thread(0).get()
  await quiet()
  const early = on.thread(1).get()
  await release(barrier, on.clock)
  await middle.reached
  await on.clock.advance(1)
  const late = on.thread(1).get({ directives: { ...noDirectives, noCache: true } })
  await release(middle, on.clock)
  await asked
  assert.equal(textOf(await early), 'small')
  assert.equal(textOf(await late), 'newer')
  assert.equal(origin.queries.length, 2)
})

test('no-cache on the very thread that has its answer, but not all of it, asks at once', async () => {
  const origin = new ScriptedOrigin()
  await using on = threads(2, origin)
  const middle = new Barrier()
  origin.willAnswer(
    async () => inPieces(small(on), middle),
    async () => small({ ...on, text: 'newer' }),
  )
  const asked = on.thread(1).get()
  await middle.reached
  await on.clock.advance(1)
  assert.equal(textOf(await on.thread(1).get({ directives: { ...noDirectives, noCache: true } })), 'newer')
  middle.release()
  assert.equal(textOf(await asked), 'small')
  assert.equal(textOf(await on.thread(0).get()), 'newer')
})

test('what was asked before a purge does not serve who came after it, however late it was answered', async () => {
  const origin = new ScriptedOrigin()
  await using on = threads(1, origin)
  const head = headOf(3, { requestedAt: on.clock.now() })
  await on.clock.advance(1)
  const since = on.clock.now()
  await on.store.purge(everything, 'soft')
  await on.clock.advance(1)
  const late = { ...head, storedAt: on.clock.now() }
  const wanted = wantedOf({ site: on.site })
  assert.equal(mayServe(on.key.id, late, since, wanted, on), false)
  assert.equal(mayServe(on.key.id, { ...late, requestedAt: on.clock.now() }, since, wanted, on), true)
})

test('one thread alone confirms what is stale, and the others are served what it was told', async () => {
  const origin = new ScriptedOrigin()
  await using on = threads(3, origin)
  const confirmed = held(() => {
    const at = on.clock.now()
    return { kind: 'not-modified', headers: ['Cache-Control', 'max-age=60'], requestedAt: at, receivedAt: at }
  })
  origin.willAnswer(async () => small(on), confirmed.give)
  await on.thread(0).get()
  await on.clock.advance(61_000)
  const herd = on.threads.map((thread) => thread.get())
  await release(confirmed.barrier, on.clock)
  assert.deepEqual((await Promise.all(herd)).map(statusOf), ['revalidated', 'revalidated', 'revalidated'])
  assert.equal(origin.queries.length, 2)
})

test('what is refreshed behind stale answers is refreshed by one thread', async () => {
  const origin = new ScriptedOrigin()
  await using on = threads(3, origin, { staleWhileRevalidateMs: 60_000 })
  const fresh = held(() => small({ ...on, text: 'fresh' }))
  origin.willAnswer(async () => small({ ...on, text: 'stale' }), fresh.give)
  await on.thread(0).get()
  await on.clock.advance(61_000)
  const got = await Promise.all(on.threads.map((thread) => thread.get()))
  assert.deepEqual(got.map(textOf), ['stale', 'stale', 'stale'])
  await release(fresh.barrier, on.clock)
  await quiet()
  for (const thread of on.threads) assert.equal(textOf(await thread.get()), 'fresh')
  assert.equal(origin.queries.length, 2)
})

test('each variant of an object is asked for once', async () => {
  const origin = new ScriptedOrigin()
  await using on = threads(4, origin)
  const headers = ['Cache-Control', 'max-age=60', 'Vary', 'Accept-Language']
  origin.willAnswer(async ({ headers: [, language] = [] }) => {
    await quiet()
    await on.clock.advance(1)
    return small({ ...on, text: `in ${language ?? 'some language'}`, headers })
  })
  const inLanguage = (language: string) => ({
    header: (name: string) => (name === 'accept-language' ? language : undefined),
    forwarded: () => ['accept-language', language],
  })
  const languages = ['de', 'ja', 'de', 'ja', 'ja', 'de']
  const got = await Promise.all(languages.map((language, at) => on.thread(at >> 1).get(inLanguage(language))))
  assert.deepEqual(
    got.map(textOf),
    languages.map((language) => `in ${language}`),
  )
  assert.equal(origin.queries.length, 2)
})
