import assert from 'node:assert/strict'
import { test } from 'node:test'
import { quiet } from '../objects/rig.ts'
import { hookStage, Receiver } from './webhook-receiver.ts'

/** Chance is at its upper end in these tests: waits are as long as they can be, less a thousandth of half of them. */
const justBelowMs = 1

test('a receiver that fails gets the event again, later each time, signed anew under the same id', async (t) => {
  const receiver = await new Receiver().start(t)
  receiver.answer = (response) => response.writeHead(500).end()
  const { webhooks, clock, untilTold, told } = hookStage(t, [{ url: receiver.url }])
  webhooks.emit('purge', {})
  for (let attempts = 1; attempts < 8; attempts += 1) {
    await untilTold('retried purge', attempts)
    const waitMs = 1000 * 2 ** (attempts - 1)
    await clock.advance(Math.floor(waitMs * 0.99))
    await quiet()
    assert.equal(receiver.all.length, attempts)
    await clock.advance(Math.ceil(waitMs * 0.01) + justBelowMs)
    await receiver.came(attempts + 1)
  }
  await untilTold('failed purge')
  assert.deepEqual(told.at(-1), 'failed purge')
  assert.ok(receiver.all.every(({ isSigned }) => isSigned))
  assert.equal(new Set(receiver.all.map(({ text }) => text)).size, 1)
  assert.equal(new Set(receiver.all.map(({ headers }) => headers['x-yatagarasu-delivery'])).size, 1)
  const times = receiver.all.map(({ headers }) => Number(headers['x-yatagarasu-timestamp']))
  assert.ok((times.at(-1) ?? 0) - (times[0] ?? 0) >= 126)
})

for (const [status, outcome] of [
  [200, 'delivered'],
  [299, 'delivered'],
  [302, 'failed'],
  [307, 'failed'],
  [400, 'failed'],
  [404, 'failed'],
  [410, 'failed'],
  [408, 'retried'],
  [429, 'retried'],
  [500, 'retried'],
  [503, 'retried'],
] as const) {
  test(`${status} is ${outcome}`, async (t) => {
    const receiver = await new Receiver().start(t)
    receiver.answer = (response) => response.writeHead(status, { location: receiver.url }).end()
    const { webhooks, untilTold } = hookStage(t, [{ url: receiver.url }])
    webhooks.emit('purge', {})
    await untilTold(`${outcome} purge`)
    assert.equal(receiver.all.length, 1)
  })
}

test('a receiver says when to come again, within bounds', async (t) => {
  const receiver = await new Receiver().start(t)
  const minuteMs = 60_000
  const cases = [
    { retryAfter: '60', waitMs: minuteMs },
    { retryAfter: new Date(Date.UTC(2026, 0, 1, 0, 3)).toUTCString(), waitMs: 2 * minuteMs },
    { retryAfter: '86400', waitMs: 5 * minuteMs },
  ]
  receiver.answer = (response) => {
    response.writeHead(503, { 'retry-after': cases[receiver.all.length - 1]?.retryAfter ?? '0' }).end()
  }
  const { webhooks, clock, untilTold } = hookStage(t, [{ url: receiver.url }])
  webhooks.emit('purge', {})
  for (const [index, { waitMs }] of cases.entries()) {
    await untilTold('retried purge', index + 1)
    await clock.advance(waitMs - 1)
    await quiet()
    assert.equal(receiver.all.length, index + 1)
    await clock.advance(1)
    await receiver.came(index + 2)
  }
})

test('a receiver that does not answer within ten seconds has failed', async (t) => {
  const receiver = await new Receiver().start(t)
  receiver.answer = () => {}
  const { webhooks, clock, untilTold, reasons } = hookStage(t, [{ url: receiver.url }])
  webhooks.emit('purge', {})
  await receiver.came(1)
  await clock.advance(10_000)
  await untilTold('retried purge')
  assert.deepEqual(reasons, ['no answer within 10000 ms'])
})

test('a receiver that is not there is tried again', async (t) => {
  const { webhooks, untilTold, reasons } = hookStage(t, [{ url: 'http://127.0.0.1:1/' }])
  webhooks.emit('purge', {})
  await untilTold('retried purge')
  assert.match(reasons[0] ?? '', /ECONNREFUSED/)
})

test('a thousand events wait, and further ones are dropped', async (t) => {
  const receiver = await new Receiver().start(t)
  receiver.answer = () => {}
  const { webhooks, told } = hookStage(t, [{ url: receiver.url }])
  for (let count = 0; count < 1005; count += 1) webhooks.emit('purge', {})
  assert.deepEqual(told, Array(5).fill('dropped purge'))
})

test('eight mebibytes wait, and further events are dropped', async (t) => {
  const receiver = await new Receiver().start(t)
  receiver.answer = () => {}
  const { webhooks, told } = hookStage(t, [{ url: receiver.url }])
  for (let count = 0; count < 9; count += 1) webhooks.emit('purge', { filter: 'x'.repeat(1024 * 1024) })
  assert.deepEqual(told, ['dropped purge', 'dropped purge'])
  webhooks.emit('purge', { key: 'small' })
  assert.equal(told.length, 2)
})

test('events that are delivered make room', async (t) => {
  const receiver = await new Receiver().start(t)
  const { webhooks, untilTold, told } = hookStage(t, [{ url: receiver.url }])
  for (let rounds = 1; rounds <= 2; rounds += 1) {
    for (let count = 0; count < 5; count += 1) webhooks.emit('purge', { filter: 'x'.repeat(1024 * 1024) })
    await untilTold('delivered purge', 5 * rounds)
  }
  assert.equal(told.length, 10)
})

test('one hook that fails does not hold up another', async (t) => {
  const receiver = await new Receiver().start(t)
  const { webhooks, untilTold } = hookStage(t, [{}, { url: receiver.url }])
  for (let count = 0; count < 5; count += 1) webhooks.emit('purge', {})
  await untilTold('delivered purge', 5)
})

test('closing delivers what waits, without waiting between attempts', async (t) => {
  const receiver = await new Receiver().start(t)
  receiver.answer = (response) => response.writeHead(receiver.all.length === 1 ? 500 : 204).end()
  const { webhooks, untilTold, told } = hookStage(t, [{ url: receiver.url }])
  webhooks.emit('purge', {})
  webhooks.emit('purge', {})
  await untilTold('retried purge')
  await webhooks.close()
  assert.deepEqual(told, ['retried purge', 'delivered purge', 'delivered purge'])
  webhooks.emit('purge', {})
  assert.equal(told.at(-1), 'dropped purge')
})

test('closing takes two seconds at most, and tells what was lost', async (t) => {
  const receiver = await new Receiver().start(t)
  receiver.answer = () => {}
  const { webhooks, clock, told } = hookStage(t, [{ url: receiver.url }])
  for (let count = 0; count < 3; count += 1) webhooks.emit('purge', {})
  await receiver.came(1)
  const closed = webhooks.close()
  await clock.advance(2000)
  await closed
  assert.deepEqual(told, Array(3).fill('dropped purge'))
  assert.equal(clock.waiting, 0)
})
