import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { EpochMs } from '../../../src/base/types.ts'
import { CacheKey } from '../../../src/cache/cache-key.ts'
import { Flight, FlightTable, type Land, type Seat } from '../../../src/objects/flight.ts'
import { ByteOrigin } from '../../support/byte-origin.ts'
import { never, quiet } from './rig.ts'

const noHeader = () => undefined
const key = new CacheKey('b', 'a')

function flying(arriving?: Promise<void>) {
  const answer = Promise.withResolvers<Land>()
  const seats: Seat[] = []
  let done = 0
  const land: Land = {
    arriving,
    give(_header, seat) {
      seats.push(seat)
      return { kind: 'again' }
    },
    done() {
      done += 1
    },
  }
  const signals: AbortSignal[] = []
  const fly = (signal: AbortSignal) => {
    signals.push(signal)
    return answer.promise
  }
  return { fly, seats, signals, done: () => done, land: () => answer.resolve(land), fail: answer.reject }
}

const start = 0 as EpochMs
const origin = new ByteOrigin({ size: 1, chunkBytes: 1 })

test('each waiter gets the landing: the one it was made for by that name, the others in the order they came', async () => {
  const { fly, seats, land, done } = flying()
  const flight = new Flight(fly, origin, start, () => {})
  const landings = [1, 2, 3].map(() => flight.board(noHeader, never))
  land()
  await Promise.all(landings)
  assert.deepEqual(seats, ['own', 'later', 'later'])
  assert.equal(done(), 1)
})

test('when the one it was made for has left, the next is first, and nobody is told that it is its own', async () => {
  const { fly, seats, signals, land } = flying()
  const flight = new Flight(fly, origin, start, () => {})
  const leaver = new AbortController()
  const left = flight.board(noHeader, leaver.signal)
  const others = [flight.board(noHeader, never), flight.board(noHeader, never)]
  leaver.abort(new Error('client gone'))
  await assert.rejects(left, /client gone/)
  assert.equal(signals[0]?.aborted, false)
  land()
  await Promise.all(others)
  assert.deepEqual(seats, ['first', 'later'])
})

test('when the last waiter leaves, the exchange is called off and nobody boards it any more', async () => {
  const { fly, signals } = flying()
  const flight = new Flight(fly, origin, start, () => {})
  const leaver = new AbortController()
  const left = flight.board(noHeader, leaver.signal)
  leaver.abort(new Error('client gone'))
  await assert.rejects(left)
  assert.equal(signals[0]?.aborted, true)
  assert.equal(flight.isOver, true)
})

test('a waiter that has left before it boarded does not leave an exchange behind that nobody waits for', async () => {
  const { fly, signals } = flying()
  const flight = new Flight(fly, origin, start, () => {})
  await assert.rejects(flight.board(noHeader, AbortSignal.abort(new Error('client gone'))), /client gone/)
  assert.equal(signals[0]?.aborted, true)
})

test('what nobody waits for any more is given back', async () => {
  const { fly, seats, land, done } = flying()
  new Flight(fly, origin, start, () => {})
  land()
  await quiet()
  assert.deepEqual(seats, [])
  assert.equal(done(), 1)
})

test('a failure reaches every waiter', async () => {
  const { fly, fail } = flying()
  const flight = new Flight(fly, origin, start, () => {})
  const waiters = [1, 2].map(() => assert.rejects(flight.board(noHeader, never), /refused/))
  fail(new Error('refused'))
  await Promise.all(waiters)
  assert.equal(flight.isOver, true)
})

test('while the answer is on its way to the store, who comes is given it from the flight', async () => {
  const arrival = Promise.withResolvers<void>()
  const { fly, seats, land } = flying(arrival.promise)
  const table = new FlightTable()
  const flight = table.start('GET', key, fly, origin, start)
  const own = flight.board(noHeader, never)
  land()
  await own
  assert.equal(table.joinable('GET', key), flight)
  assert.deepEqual(await flight.board(noHeader, never), { kind: 'again' })
  assert.deepEqual(seats, ['own', 'later'])
  arrival.resolve()
  await quiet()
  assert.equal(table.joinable('GET', key), undefined)
})

test('a HEAD joins a GET or a HEAD, a GET only a GET', () => {
  const table = new FlightTable()
  const head = table.start('HEAD', key, flying().fly, origin, start)
  assert.equal(table.joinable('GET', key), undefined)
  assert.equal(table.joinable('HEAD', key), head)
  const get = table.start('GET', key, flying().fly, origin, start)
  assert.equal(table.joinable('GET', key), get)
  assert.equal(table.joinable('HEAD', key), get)
  assert.equal(table.joinable('GET', new CacheKey('b', 'another')), undefined)
})
