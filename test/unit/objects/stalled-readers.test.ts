import assert from 'node:assert/strict'
import { test } from 'node:test'
import { CacheKey } from '../../../src/cache/cache-key.ts'
import { SliceRun } from '../../../src/objects/slice-run.ts'
import type { Origin, OriginBody } from '../../../src/origin/origin.ts'
import { quiet, read, sliceBytes, stage } from './rig.ts'

/** The origin behind a pool: an exchange holds one of its connections until its body is over. */
function pooled(origin: Origin, connections: number): Origin {
  let free = connections
  const queue: (() => void)[] = []
  const take = async () => {
    if (free === 0) await new Promise<void>((resolve) => queue.push(resolve))
    else free -= 1
  }
  const give = () => {
    const next = queue.shift()
    if (next === undefined) free += 1
    else next()
  }
  return {
    ...{ name: origin.name, fingerprint: origin.fingerprint, waiting: 0, close: () => origin.close() },
    async ask(ref, query) {
      await take()
      const answer = await origin.ask(ref, query)
      return answer.kind === 'object' ? { ...answer, body: released(answer.body, give) } : answer
    },
  }
}

function released(body: OriginBody, give: () => void): OriginBody {
  return {
    cancel: () => body.cancel(),
    async *[Symbol.asyncIterator]() {
      try {
        yield* body
      } finally {
        give()
      }
    },
  }
}

test('two hundred stalled readers of as many objects share fifty connections, and block nobody', async () => {
  const on = stage(10)
  const origin = pooled(on.origin, 50)
  const runs = Array.from({ length: 200 }, (_, index) => {
    const run = new SliceRun({ ...on.spec(0, 9), key: new CacheKey('b', `film ${index}`), origin }, on)
    run.attach()
    return run
  })
  const firstSlices = runs.map((run) => read(run, 0, 9)) // and then they take no more
  for (let seconds = 0; seconds < 4; seconds += 1) {
    await quiet()
    await on.clock.advance(1000)
  }
  await Promise.all(firstSlices)
  await quiet()
  assert.equal(on.origin.openBodies, 0)

  const next = new SliceRun({ ...on.spec(0, 9), origin }, on)
  next.attach()
  for (let index = 0; index < 10; index += 1) await read(next, index, 9)
  // Three slices for each of the stalled, two of them ahead of what they took; what was under way of the fourth is lost.
  assert.ok(on.origin.bytesSent <= 200 * 4 * sliceBytes + 10 * sliceBytes)
  for (const run of runs) run.detach()
  await Promise.all(runs.map((run) => run.ended))
})
