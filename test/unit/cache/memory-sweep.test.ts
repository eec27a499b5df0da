import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setImmediate as turn } from 'node:timers/promises'
import type { RecordId } from '../../../src/base/types.ts'
import { MemorySweep } from '../../../src/cache/memory-sweep.ts'
import { everything, type Scope } from '../../../src/cache/scope.ts'
import { idOf } from '../../support/cache-records.ts'

const red: Scope = { kind: 'tag', tag: 'red' }

/** Objects `0`, `1`, `2` and so on, the even ones red. */
function stage(count: number) {
  const ids = new Set(Array.from({ length: count }, (_, index) => idOf(`${index}`)))
  let sweeps = 0
  const sweep = new MemorySweep({
    ids() {
      sweeps += 1
      return ids
    },
    tagsOf: (id) => (Number(id.slice('media:'.length)) % 2 === 0 ? ['red'] : []),
  })
  const found = async (scope: Scope) => {
    const seen: RecordId[] = []
    await sweep.run(scope, (id) => seen.push(id))
    return seen.length
  }
  return { ids, sweep, found, sweeps: () => sweeps }
}

test('those who come while others are served share the next sweep, and each is told of its own', async () => {
  const { found, sweeps } = stage(5000)
  const first = found(red)
  await turn()
  const later = [found(everything), found(red), found({ kind: 'prefix', start: 'media:499' })]
  assert.deepEqual(await Promise.all([first, ...later]), [2500, 5000, 2500, 11])
  assert.equal(sweeps(), 2)
})

test('others get their turn, the sooner the more scopes are looked for', async () => {
  for (const [scopes, least] of [
    [1, 4],
    [10, 40],
  ] as const) {
    const { found } = stage(10_000)
    let turns = 0
    let isOver = false
    const all = Promise.all(Array.from({ length: scopes }, () => found(red))).then(() => {
      isOver = true
    })
    for (; !isOver; turns++) await turn()
    await all
    assert.ok(turns >= least, `${turns} turns for ${scopes} scopes`)
  }
})

test('a sweep that fails is no reason for the next one not to come', async () => {
  const { sweep, found } = stage(10)
  const failing = sweep.run(everything, () => {
    throw new Error('on purpose')
  })
  await assert.rejects(failing, /on purpose/)
  assert.equal(await found(everything), 10)
})
