/** One status board for what several threads hear of the parts. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { StatusBoard } from '../../../src/observe/status-board.ts'
import { BoardOfThreads, RemoteBoard } from '../../../src/workers/board.ts'
import { FakeClock } from '../../support/fake-clock.ts'
import { linkedSides } from '../../support/linked-sides.ts'

function stage() {
  const clock = new FakeClock()
  const board = new StatusBoard(clock)
  board.use('origins', ['media'])
  board.use('tiers', ['disk'])
  const threads = new BoardOfThreads(board)
  const row = (kind: 'origins' | 'tiers', name: string) => board.rows()[kind][name]

  function thread(number: number) {
    const sides = linkedSides(threads.calls(number))
    return { ...sides, board: new RemoteBoard(sides.near, clock) }
  }
  return { clock, board, threads, thread, row }
}

test('a part is degraded until no thread says so any more', async () => {
  const { thread, row } = stage()
  using one = thread(1)
  using two = thread(2)
  one.board.failed('origins', 'media', new Error('refused'))
  two.board.failed('origins', 'media', undefined, 'breaker a')
  await Promise.all([one.settle(), two.settle()])
  assert.deepEqual(
    [row('origins', 'media')?.state, row('origins', 'media')?.last_error?.message],
    ['degraded', 'refused'],
  )
  one.board.works('origins', 'media')
  two.board.works('origins', 'media')
  await Promise.all([one.settle(), two.settle()])
  assert.equal(row('origins', 'media')?.state, 'degraded')
  two.board.works('origins', 'media', 'breaker a')
  await two.settle()
  assert.equal(row('origins', 'media')?.state, 'ok')
})

test('what fails on one thread is not mended by another, nor by the thread that has the board', async () => {
  const { thread, board, row } = stage()
  using one = thread(1)
  using two = thread(2)
  one.board.failed('tiers', 'disk', 'no space', 'put')
  await one.settle()
  two.board.failed('tiers', 'disk', 'no space', 'put')
  two.board.works('tiers', 'disk', 'put')
  await two.settle()
  board.works('tiers', 'disk', 'put')
  assert.equal(row('tiers', 'disk')?.state, 'degraded')
})

test('a thread that has ended says nothing any more', async () => {
  const { thread, threads, board, row } = stage()
  using one = thread(1)
  one.board.failed('origins', 'media', 'refused')
  one.board.failed('tiers', 'disk', 'no space', 'put')
  await one.settle()
  threads.ended(1)
  assert.deepEqual([row('origins', 'media')?.state, row('tiers', 'disk')?.state], ['ok', 'ok'])
  using next = thread(1)
  next.board.failed('origins', 'media', 'refused again')
  await next.settle()
  assert.equal(board.isDegraded, true)
})

test('aspects that are objects are told apart', async () => {
  const { thread, row } = stage()
  using one = thread(1)
  const [first, second] = [{}, {}]
  for (const aspect of [first, second]) one.board.failed('origins', 'media', 'no keys', aspect)
  one.board.works('origins', 'media', first)
  await one.settle()
  assert.equal(row('origins', 'media')?.state, 'degraded')
  one.board.works('origins', 'media', second)
  await one.settle()
  assert.equal(row('origins', 'media')?.state, 'ok')
})

test('errors and times that come with every request are told a few times a second', async () => {
  const { thread, clock, row } = stage()
  using one = thread(1)
  one.board.failed('origins', 'media', 'first')
  for (let count = 0; count < 50; count++) {
    one.board.answered('origins', 'media', count)
    one.board.failed('origins', 'media', `error ${count}`)
  }
  await one.settle()
  assert.deepEqual(
    [row('origins', 'media')?.last_error?.message, row('origins', 'media')?.response_ms],
    ['first', undefined],
  )
  await clock.advance(250)
  await one.settle()
  assert.equal(row('origins', 'media')?.last_error?.message, 'error 49')
  assert.deepEqual(row('origins', 'media')?.response_ms, { last: 49, mean: 49 })
  one.board.answered('origins', 'media', 9)
  await clock.advance(250)
  await one.settle()
  assert.deepEqual(row('origins', 'media')?.response_ms, { last: 9, mean: 45 })
})

test('a part that went and came back is well until something fails anew, which is told', async () => {
  const { thread, board, row } = stage()
  using one = thread(1)
  one.board.failed('origins', 'media', 'refused')
  await one.settle()
  for (const names of [[], ['media']]) {
    board.use('origins', names)
    one.board.use('origins', names)
  }
  assert.equal(row('origins', 'media')?.state, 'ok')
  one.board.failed('origins', 'media', 'refused')
  await one.settle()
  assert.equal(row('origins', 'media')?.state, 'degraded')
})
