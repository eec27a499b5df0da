import assert from 'node:assert/strict'
import { test } from 'node:test'
import { hookStage, Receiver } from './webhook-receiver.ts'

const key = (body: Record<string, unknown>) => body['key']

test('an event is a signed POST that says what happened, when, and where', async (t) => {
  const receiver = await new Receiver().start(t)
  const { webhooks, untilTold, clock } = hookStage(t, [{ url: receiver.url }], 'proxy-1')
  await clock.advance(1500)
  webhooks.emit('purge', { bucket: 'films', key: 'a.mp4' })
  await untilTold('delivered purge')
  const [received] = receiver.all
  assert.equal(received?.path, '/hook?of=films')
  assert.equal(
    received?.text,
    '{"event":"purge","timestamp":"2026-01-01T00:00:01.500Z","id":"00000000-0000-4000-8000-000000000001",' +
      '"node":"proxy-1","bucket":"films","key":"a.mp4"}',
  )
  assert.ok(received.isSigned)
  const { headers } = received
  assert.deepEqual(
    ['content-type', 'x-yatagarasu-event', 'x-yatagarasu-delivery', 'x-yatagarasu-timestamp'].map(
      (name) => headers[name],
    ),
    ['application/json', 'purge', received.body['id'], String(Date.UTC(2026, 0, 1) / 1000 + 1)],
  )
})

test('details cannot replace what every event says', async (t) => {
  const receiver = await new Receiver().start(t)
  const { webhooks, untilTold } = hookStage(t, [{ url: receiver.url }])
  webhooks.emit('purge', { event: 'reload', id: 'x', timestamp: 'never', key: 'a' })
  await untilTold('delivered purge')
  const { event, id, timestamp, ...details } = receiver.all[0]?.body ?? {}
  assert.deepEqual([event, timestamp], ['purge', '2026-01-01T00:00:00.000Z'])
  assert.equal(id, receiver.all[0]?.headers['x-yatagarasu-delivery'])
  assert.deepEqual(details, { key: 'a' })
})

test('a hook gets the events it wants, and each hook its own', async (t) => {
  const one = await new Receiver().start(t)
  const other = await new Receiver().start(t)
  const hooks = [
    { url: one.url, events: ['purge', 'reload'] as const },
    { url: other.url, events: ['reload'] as const, secret: 'of its own' },
  ]
  const { webhooks, untilTold } = hookStage(t, hooks)
  for (const event of ['purge', 'breaker', 'reload'] as const) webhooks.emit(event, {})
  await untilTold('delivered reload', 2)
  assert.deepEqual(
    one.all.map(({ body }) => body['event']),
    ['purge', 'reload'],
  )
  assert.deepEqual(
    other.all.map(({ body, isSigned }) => [body['event'], isSigned]),
    [['reload', false]],
  )
  assert.equal(one.all[1]?.body['id'], other.all[0]?.body['id'])
})

test('events come one at a time, in their order', async (t) => {
  const receiver = await new Receiver().start(t)
  let atOnce = 0
  receiver.answer = (response) => {
    atOnce += 1
    assert.equal(atOnce, 1)
    setImmediate(() => {
      atOnce -= 1
      response.end()
    })
  }
  const { webhooks, untilTold } = hookStage(t, [{ url: receiver.url }])
  const keys = Array.from({ length: 20 }, (_, index) => index)
  for (const index of keys) webhooks.emit('purge', { key: index })
  await untilTold('delivered purge', 20)
  assert.deepEqual(
    receiver.all.map(({ body }) => key(body)),
    keys,
  )
})

test('what a receiver answers beyond its status is of no interest', async (t) => {
  const receiver = await new Receiver().start(t)
  receiver.answer = (response) => response.end(Buffer.alloc(10_000_000))
  const { webhooks, untilTold } = hookStage(t, [{ url: receiver.url }])
  webhooks.emit('purge', {})
  webhooks.emit('purge', {})
  await untilTold('delivered purge', 2)
})
