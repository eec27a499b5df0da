import assert from 'node:assert/strict'
import { test } from 'node:test'
import { StatusBoard } from '../../../src/observe/status-board.ts'
import { FakeClock } from '../../support/fake-clock.ts'

function boardOf(...names: readonly string[]) {
  const clock = new FakeClock()
  const board = new StatusBoard(clock)
  board.use('tiers', names)
  const at = (offsetMs: number) => new Date(clock.now() + offsetMs).toISOString()
  return { board, clock, at, row: (name: string) => board.rows().tiers[name] }
}

test('a part is well from when it was named, until it fails, and again when it works', async () => {
  const { board, clock, at, row } = boardOf('disk')
  assert.deepEqual(row('disk'), { state: 'ok', since: at(0), last_error: null })
  assert.equal(board.isDegraded, false)

  await clock.advance(1000)
  board.failed('tiers', 'disk', new Error('no space'))
  await clock.advance(1000)
  board.failed('tiers', 'disk', 'still none')
  const last_error = { at: at(0), message: 'still none' }
  assert.deepEqual(row('disk'), { state: 'degraded', since: at(-1000), last_error })
  assert.equal(board.isDegraded, true)

  await clock.advance(1000)
  board.works('tiers', 'disk')
  await clock.advance(1000)
  board.works('tiers', 'disk')
  assert.deepEqual(row('disk'), { state: 'ok', since: at(-1000), last_error })
  assert.equal(board.isDegraded, false)
})

test('a part of which several things fail is degraded until all of them work', () => {
  const { board, row } = boardOf('redis')
  board.failed('tiers', 'redis', 'slow', 'get')
  board.failed('tiers', 'redis', undefined, 'put')
  board.works('tiers', 'redis', 'get')
  assert.deepEqual([row('redis')?.state, row('redis')?.last_error?.message], ['degraded', 'slow'])
  board.works('tiers', 'redis', 'put')
  assert.equal(row('redis')?.state, 'ok')
})

test('one failure of something that goes on is told and changes nothing', () => {
  const { board, row } = boardOf('disk')
  board.erred('tiers', 'disk', new Error('x'.repeat(300)))
  assert.deepEqual([row('disk')?.state, row('disk')?.last_error?.message], ['ok', 'x'.repeat(200)])
})

test('parts that are named no more leave, new ones join, and the rest stays as it is', () => {
  const { board } = boardOf('disk', 'redis')
  for (const name of ['disk', 'redis']) board.failed('tiers', name, 'gone')
  board.use('tiers', ['redis', 'memory'])
  board.failed('tiers', 'disk', 'who is that?')
  board.works('tiers', 'disk')
  board.answered('tiers', 'disk', 1)

  const states = Object.entries(board.rows().tiers).map(([name, { state }]) => [name, state])
  assert.deepEqual(states, [
    ['redis', 'degraded'],
    ['memory', 'ok'],
  ])
  board.use('tiers', ['disk'])
  assert.equal(board.isDegraded, false)
})

test('response times are the last one and a mean that follows', () => {
  const { board, row } = boardOf('redis')
  board.answered('tiers', 'redis', 2.00049)
  assert.deepEqual(row('redis')?.response_ms, { last: 2, mean: 2 })
  board.answered('tiers', 'redis', 12)
  assert.deepEqual(row('redis')?.response_ms, { last: 12, mean: 3 })
  for (let time = 0; time < 100; time++) board.answered('tiers', 'redis', 1)
  assert.deepEqual(row('redis')?.response_ms, { last: 1, mean: 1 })
})
