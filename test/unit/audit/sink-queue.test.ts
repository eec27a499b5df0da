import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { AuditLine } from '../../../src/audit/audit-sink.ts'
import { SinkQueue } from '../../../src/audit/sink-queue.ts'
import { fc } from '../../support/fast-check.ts'
import { auditLine } from '../../support/sink-events.ts'

const texts = (lines: readonly AuditLine[]) => lines.map(({ text }) => text)

test('lines leave in the order in which they came, when they are told to and not before', () => {
  const queue = new SinkQueue()
  for (const text of ['one', 'two', 'three']) assert.equal(queue.push(auditLine(text)), true)

  assert.deepEqual(texts(queue.peek(8)), ['one', 'two'])
  assert.equal(queue.depth, 3)
  queue.shift(2)
  assert.deepEqual(texts(queue.peek(8)), ['three'])
  assert.deepEqual([queue.depth, queue.bytes], [1, 6])
})

test('a line that is longer than what is asked for is handed out alone', () => {
  const queue = new SinkQueue()
  for (const text of ['longer', 'x']) queue.push(auditLine(text))
  assert.deepEqual(texts(queue.peek(3)), ['longer'])
})

test('a full queue refuses the newest line, by number and by bytes', () => {
  const short = new SinkQueue({ maxLines: 2, maxBytes: 1000 })
  assert.deepEqual(
    ['a', 'b', 'c'].map((text) => short.push(auditLine(text))),
    [true, true, false],
  )
  assert.deepEqual(texts(short.peek(1000)), ['a', 'b'])

  const narrow = new SinkQueue({ maxLines: 100, maxBytes: 6 })
  assert.deepEqual(
    ['äb', 'ä', 'x'].map((text) => narrow.push(auditLine(text))),
    [true, false, true],
  )
})

test('it holds what was pushed and not shifted, whatever comes in what order', () => {
  const step = fc.oneof(
    fc.string().map((text) => ({ text })),
    fc.nat(6).map((count) => ({ count })),
  )
  const bounds = { maxLines: 20, maxBytes: 120 }
  fc.assert(
    fc.property(fc.array(step, { maxLength: 200 }), (steps) => {
      const queue = new SinkQueue(bounds)
      let model: AuditLine[] = []
      for (const next of steps) {
        if ('count' in next) {
          queue.shift(next.count)
          model = model.slice(next.count)
        } else if (queue.push(auditLine(next.text))) model.push(auditLine(next.text))
        const bytes = model.reduce((sum, line) => sum + line.bytes, 0)
        assert.deepEqual(queue.peek(1e6), model)
        assert.deepEqual([queue.depth, queue.bytes], [model.length, bytes])
        assert.ok(model.length <= bounds.maxLines && bytes <= bounds.maxBytes)
      }
    }),
  )
})
