import assert from 'node:assert/strict'
import test from 'node:test'
import { setImmediate as nextTurn } from 'node:timers/promises'
import type { ProxyResponse } from '../../../src/http/messages.ts'
import { exchange } from './exchange.ts'
import { get, type Rig, startListener } from './rig.ts'

const bodyOf = (text: string): ProxyResponse => ({
  status: 200,
  headers: [],
  body: { kind: 'bytes', bytes: Buffer.from(text, 'latin1') },
})

for (const size of [0, 1, 2048, 2049, 16 * 1024, 18 * 1024, 18 * 1024 + 1, 100_000]) {
  test(`a body of ${size} bytes leaves whole behind its head`, async (t) => {
    const text = Array.from({ length: size }, (_, at) => String.fromCharCode((at * 7 + (at >> 8)) % 256)).join('')
    const { body, done } = await exchange(t, bodyOf(text))
    assert.ok(body === text)
    assert.deepEqual(done.sent, { bytes: size, complete: true })
  })
}

test('a body fits whatever the length of its head', async (t) => {
  for (const length of [1, 1000, 2000, 2048, 3000, 17_000]) {
    const { text, body } = await exchange(t, {
      ...bodyOf('b'.repeat(16 * 1024)),
      headers: ['X-Long', 'x'.repeat(length)],
    })
    assert.ok(text.includes(`X-Long: ${'x'.repeat(length)}\r\n`))
    assert.ok(body === 'b'.repeat(16 * 1024))
  }
})

/** Until no more of them end: their client takes nothing. */
async function untilStuck({ done }: Rig): Promise<void> {
  for (let before = -1, turns = 0; turns < 200; turns += 1) {
    if (done.length !== before) turns = 0
    before = done.length
    await nextTurn()
  }
}

test('what waits for a slow client stays as it is while others are answered', async (t) => {
  const size = 15 * 1024
  const rig = await startListener(t, async ({ path }) => bodyOf(path.slice(1, 2).repeat(size)))
  const slow = await rig.connect()
  slow.pause()
  const count = 1000
  slow.send(get('/slow').repeat(count - 1) + get('/slow', 'Connection: close'))
  await untilStuck(rig)
  assert.ok(rig.done.length < count, 'the kernel has room for all of it')
  for (let i = 0; i < 5; i += 1) assert.match(await rig.converse(get('/other', 'Connection: close')), /o{15360}$/)
  await slow.take(Number.POSITIVE_INFINITY)
  assert.equal(slow.text.split('s'.repeat(size)).length - 1, count)
  assert.doesNotMatch(slow.text, /ooo/)
})
