/** Calls between threads. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setImmediate as turn } from 'node:timers/promises'
import { MessageChannel } from 'node:worker_threads'
import { ProxyError } from '../../../src/base/errors.ts'
import { type Calls, Link, LinkClosed } from '../../../src/workers/link.ts'

type Sums = {
  add(numbers: readonly number[]): number
  note(word: string): void
}

function linked(mine: Calls) {
  const { port1, port2 } = new MessageChannel()
  const near = new Link<Sums>(port1, {})
  new Link(port2, mine)
  return { near, [Symbol.dispose]: () => port1.close() }
}

test('a call is answered with what the other thread made of it', async () => {
  using sides = linked({ add: async (numbers: readonly number[]) => numbers.reduce((sum, one) => sum + one) })
  assert.equal(await sides.near.call('add', [1, 2, 3]), 6)
})

test('what is told before a call is heard before it', async () => {
  const words: string[] = []
  using sides = linked({ note: (word: string) => words.push(word), add: () => words.length })
  sides.near.tell('note', 'one')
  sides.near.tell('note', 'two')
  assert.equal(await sides.near.call('add', []), 2)
})

test('a failure keeps its code on its way between threads', async () => {
  using sides = linked({
    add() {
      throw new ProxyError('Overloaded', 'too many numbers')
    },
  })
  await assert.rejects(sides.near.call('add', []), (error) => {
    assert(error instanceof ProxyError)
    assert.deepEqual([error.code, error.message, error.status], ['Overloaded', 'too many numbers', 503])
    return true
  })
})

test('a failure of another kind keeps its name and its words', async () => {
  using sides = linked({
    add() {
      throw new RangeError('out of numbers')
    },
  })
  await assert.rejects(sides.near.call('add', []), { name: 'RangeError', message: 'out of numbers' })
})

test('whoever waits for a thread that ends is told so, and so is everybody later', async () => {
  using sides = linked({ add: () => new Promise(() => {}) })
  const waiting = assert.rejects(sides.near.call('add', []), LinkClosed)
  await turn()
  sides.near.close()
  await waiting
  await assert.rejects(sides.near.call('add', []), LinkClosed)
  sides.near.tell('note', 'nobody hears it')
})
