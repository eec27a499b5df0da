import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Ghosts, hashOf } from '../../../src/cache/ghosts.ts'

function createGhosts(entries: number): Ghosts {
  const ghosts = new Ghosts()
  ghosts.resize(entries * 2)
  return ghosts
}

test('a ghost tells how many evictions ago it left, once', () => {
  const ghosts = createGhosts(64)
  for (let index = 0; index < 10; index++) ghosts.put(hashOf(`${index}`))
  assert.equal(ghosts.take(hashOf('9')), 0)
  assert.equal(ghosts.take(hashOf('2')), 7)
  assert.equal(ghosts.take(hashOf('2')), Number.POSITIVE_INFINITY)
  assert.equal(ghosts.take(hashOf('never')), Number.POSITIVE_INFINITY)
})

test('a ghost put again is as young as its last eviction', () => {
  const ghosts = createGhosts(64)
  for (const text of ['a', 'b', 'a', 'c']) ghosts.put(hashOf(text))
  assert.equal(ghosts.take(hashOf('a')), 1)
})

test('ghosts survive growing', () => {
  const ghosts = createGhosts(64)
  for (let index = 0; index < 50; index++) ghosts.put(hashOf(`${index}`))
  ghosts.resize(512)
  let known = 0
  for (let index = 0; index < 50; index++) if (ghosts.take(hashOf(`${index}`)) === 49 - index) known += 1
  assert.ok(known >= 45, `${known} of 50`) // a few rows of four overflow
})

test('the table is bounded: the newest of ten times as many ghosts are known, the oldest are not', () => {
  const ghosts = createGhosts(64)
  for (let index = 0; index < 640; index++) ghosts.put(hashOf(`${index}`))
  const known = (from: number, to: number) => {
    let count = 0
    for (let index = from; index < to; index++) if (ghosts.take(hashOf(`${index}`)) <= 640) count += 1
    return count
  }
  assert.equal(known(0, 100), 0)
  assert.ok(known(608, 640) >= 28)
})

test('a hash is never zero, which stands for an empty place', () => {
  for (let index = 0; index < 1000; index++) assert.ok(hashOf(`${index}`) > 0)
  assert.notEqual(hashOf('a'), hashOf('b'))
})
