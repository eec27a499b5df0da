import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Generations } from '../../../src/assembly/generations.ts'
import { SharedParts } from '../../../src/assembly/shared-parts.ts'
import { createTrace } from '../../../src/base/trace.ts'

function numbered(number: number) {
  let released = 0
  return {
    number,
    released: () => released,
    release: async () => {
      released += 1
    },
  }
}

test('a generation is released when its last request has ended, and not before it is replaced', async () => {
  const [first, second] = [numbered(1), numbered(2)]
  const generations = new Generations(first)
  const [early, late, next] = [createTrace(), createTrace(), createTrace()]
  for (const trace of [early, late]) assert.equal(generations.enter(trace), first)
  assert.equal(generations.leave(early), first)
  assert.equal(first.released(), 0)

  generations.replace(second)
  assert.equal(generations.enter(next), second)
  assert.equal(generations.count, 2)
  assert.equal(first.released(), 0)
  assert.equal(generations.leave(late), first)
  assert.equal(first.released(), 1)
  assert.equal(generations.count, 1)
  assert.equal(generations.leave(next), second)
  assert.equal(second.released(), 0)
  await generations.close()
  assert.deepEqual([first.released(), second.released()], [1, 1])
})

test('one that nobody uses is released at once; what never met one leaves none', () => {
  const first = numbered(1)
  const generations = new Generations(first)
  generations.replace(numbered(2))
  assert.equal(first.released(), 1)
  assert.equal(generations.leave(createTrace()), undefined)
})

test('closing releases those too that still have requests', async () => {
  const [first, second] = [numbered(1), numbered(2)]
  const generations = new Generations(first)
  generations.enter(createTrace())
  generations.replace(second)
  await generations.close()
  assert.deepEqual([first.released(), second.released()], [1, 1])
})

test('equal settings share one part, which the last one to let go closes', async () => {
  const closed: string[] = []
  const parts = new SharedParts<{ name: string; close(): Promise<void> }>()
  const make = (name: string) => () => ({ name, close: async () => void closed.push(name) })
  const one = parts.take({ a: 1 }, make('one'))
  const same = parts.take({ a: 1 }, make('never'))
  const other = parts.take({ a: 2 }, make('other'))
  assert.equal(one.part, same.part)
  assert.notEqual(one.part, other.part)
  await one.release()
  assert.deepEqual(closed, [])
  await same.release()
  await other.release()
  assert.deepEqual(closed, ['one', 'other'])
  assert.equal(parts.take({ a: 1 }, make('anew')).part.name, 'anew')
})
