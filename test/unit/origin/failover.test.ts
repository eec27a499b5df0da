import assert from 'node:assert/strict'
import { test } from 'node:test'
import { fc } from '../../support/fast-check.ts'
import { answers, changed, type Deed, fails, hangs, object, stage } from './replica-stage.ts'
import { ask, failsWith } from './rig.ts'

/** Who is asked, and whether that is a failover, by what each does. `.` answers, `x` fails, `-` refuses. */
const deeds: Readonly<Record<string, Deed>> = { '.': answers(), x: fails(), '-': fails('AccessDenied') }
const cases: readonly (readonly [does: string, asked: string, failovers: number])[] = [
  ['...', 'a', 0],
  ['x..', 'ab', 1],
  ['xx.', 'abc', 1],
  ['.xx', 'a', 0],
  ['-..', 'a', 0],
  ['x-.', 'ab', 1],
  ['xxx', 'abc', 0],
]
for (const [does, expected, failovers] of cases) {
  test(`replicas that do ${does} are asked ${expected}, at once`, async () => {
    const on = stage({ replicas: 'abc' })
    for (const [index, deed] of [...does].entries()) on.replica('abc'[index] ?? '').does = deeds[deed] ?? hangs
    await ask(on.origin).catch(() => undefined)
    assert.equal(on.asked(), expected)
    assert.equal(on.events.failovers, failovers)
    assert.equal(on.clock.monotonicMs(), 0)
    assert.deepEqual(on.events.retries, [])
  })
}

for (const code of [
  'OriginUnreachable',
  'OriginTimeout',
  'OriginTruncated',
  'OriginError',
  'SlowDown',
  'OriginMalformed',
] as const) {
  test(`${code} goes to the next replica`, async () => {
    const on = stage()
    on.replica('a').does = fails(code, 60)
    assert.equal(await ask(on.origin), changed)
  })
}

test('an error page of the 5xx goes to the next replica, and to the client when that does no better', async () => {
  const on = stage()
  const pages = [object(503), object(500)] as const
  on.replica('a').next.push(answers(pages[0]), answers(pages[1]))
  assert.equal(await ask(on.origin), changed)
  assert.ok(!pages[0].isOpen())
  on.replica('b').does = fails()
  const answer = await ask(on.origin)
  assert.equal(answer.kind === 'object' && answer.head.status, 500)
  assert.ok(pages[1].isOpen())
})

test('of two error pages one is let go', async () => {
  const on = stage()
  const pages = [object(502), object(503)] as const
  for (const [index, page] of pages.entries()) on.replica('ab'[index] ?? '').does = answers(page)
  await ask(on.origin)
  assert.deepEqual(pages.map((page) => page.isOpen()).sort(), [false, true])
})

test('a client that leaves in between leaves no error page open', async () => {
  const on = stage()
  const page = object(503)
  on.replica('a').does = answers(page)
  const gone = new AbortController()
  on.replica('b').does = () => {
    gone.abort(new Error('client left'))
    throw gone.signal.reason
  }
  const answer = ask(on.origin, { signal: gone.signal })
  await assert.rejects(answer, { message: 'client left' })
  assert.ok(!page.isOpen())
})

test('when all have failed they are asked again in turn, up to max_attempts, each after a wait', async () => {
  const on = stage({ retry: { maxAttempts: 5 } })
  for (const name of 'ab') on.replica(name).does = fails()
  await assert.rejects(on.inTime(ask(on.origin)), failsWith('OriginUnreachable'))
  assert.equal(on.asked(), 'ababa')
  assert.deepEqual(on.askedAtMs, [0, 0, 100, 300, 700])
})

test('every replica is asked once, however few attempts are allowed', async () => {
  const on = stage({ replicas: 'abcd', retry: { maxAttempts: 2 } })
  for (const name of 'abc') on.replica(name).does = fails()
  assert.equal(await ask(on.origin), changed)
  assert.equal(on.asked(), 'abcd')
})

test('failover costs no budget, asking again does', async () => {
  const on = stage({ reserve: 0 })
  on.replica('a').does = fails()
  assert.equal(await ask(on.origin), changed)
  on.replica('b').does = fails()
  await assert.rejects(ask(on.origin), failsWith('OriginUnreachable'))
  assert.equal(on.asked(), 'abab')
  assert.deepEqual(on.events.retries, ['denied'])
})

test('a replica that asks for a long wait is left out when the others are asked again', async () => {
  const on = stage({ retry: { maxAttempts: 4 } })
  on.replica('a').does = fails('SlowDown', 60)
  on.replica('b').next.push(fails())
  assert.equal(await on.inTime(ask(on.origin)), changed)
  assert.equal(on.asked(), 'abb')
})

test('OPTIONS goes to one replica', async () => {
  const on = stage()
  on.replica('a').does = fails()
  await assert.rejects(ask(on.origin, { method: 'OPTIONS' }), failsWith('OriginUnreachable'))
  assert.equal(on.asked(), 'a')
})

test('a replica to be avoided is not asked', async () => {
  const on = stage({ replicas: 'abc' })
  on.replica('b').does = fails()
  assert.equal(await ask(on.origin, { avoid: 'a' }), changed)
  assert.equal(on.asked(), 'bc')
})

test('where there is no other, nobody is asked', async () => {
  const on = stage({ replicas: 'a' })
  await assert.rejects(ask(on.origin, { avoid: 'a' }), failsWith('OriginUnreachable'))
  assert.equal(on.asked(), '')
})

test('an object tells which replica sends it', async () => {
  const on = stage()
  on.replica('a').does = fails()
  on.replica('b').does = answers(object(200))
  const answer = await ask(on.origin)
  assert.equal(answer.kind === 'object' && answer.replica, 'b')
})

test('the fingerprint is that of the first, and closing closes all', async () => {
  const on = stage()
  assert.equal(on.origin.fingerprint, 'fingerprint of a')
  await on.origin.close()
  assert.ok(on.replica('a').isClosed && on.replica('b').isClosed)
})

test('whoever waits for a connection to one of the replicas waits for the origin', () => {
  const on = stage()
  on.replica('a').waiting = 2
  on.replica('b').waiting = 1
  assert.equal(on.origin.waiting, 3)
})

test('as long as one replica works every request is answered, whatever the others do, and in no time', async () => {
  const someDeed = fc.constantFrom(fails(), fails('OriginError'), fails('SlowDown', 9), answers(object(502)))
  await fc.assert(
    fc.asyncProperty(fc.array(fc.tuple(someDeed, someDeed), { maxLength: 60 }), fc.nat(2), async (script, working) => {
      const on = stage({ replicas: 'abc', reserve: 0 })
      const others = [...'abc'].filter((_, index) => index !== working)
      for (const failures of script) {
        for (const [index, name] of others.entries()) on.replica(name).does = failures[index] ?? hangs
        assert.equal(await ask(on.origin), changed)
      }
      assert.equal(on.clock.monotonicMs(), 0)
    }),
    { numRuns: 50 },
  )
})

test('a thousand requests at once, when the first replica dies under them, are all answered by the second', async () => {
  const on = stage()
  let die = () => {}
  const death = new Promise<void>((resolve) => {
    die = resolve
  })
  on.replica('a').does = async (query) => {
    await death
    return fails()(query)
  }
  const requests = Array.from({ length: 1000 }, () => ask(on.origin))
  die()
  assert.ok((await Promise.all(requests)).every((answer) => answer === changed))
  assert.equal(on.events.failovers, 1000)
  on.asked()
  await ask(on.origin)
  assert.equal(on.asked(), 'b') // and the next ones go there first
  assert.equal(on.events.failovers, 1000)
})
