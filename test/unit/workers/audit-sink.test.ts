/** Audit entries of one thread on their way to the sinks of another. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { AuditLine } from '../../../src/audit/audit-sink.ts'
import { Chain, chainBeginning, digestOf } from '../../../src/audit/chain.ts'
import { type AuditCalls, auditCalls, RemoteAuditSink } from '../../../src/workers/audit-sink.ts'
import type { Link } from '../../../src/workers/link.ts'
import { linkedSides } from '../../support/linked-sides.ts'
import { auditLine, numberedLines, RecordedSinkEvents } from '../../support/sink-events.ts'

function stage(calls: (lines: AuditLine[]) => AuditCalls) {
  const lines: AuditLine[] = []
  const events = new RecordedSinkEvents()
  const sides = linkedSides(calls(lines))
  return { ...sides, lines, events, sink: new RemoteAuditSink(['s3', 'file'], sides.near, events) }
}

const recording = (chain?: Chain) => (lines: AuditLine[]) =>
  auditCalls({ chain, sinks: [{ record: (line) => lines.push(line) }] })
const deaf = (): AuditCalls => ({ auditLines: () => new Promise(() => {}) as never })

test('lines reach every sink of the other thread as they are, in their order', async () => {
  const [first, second]: [AuditLine[], AuditLine[]] = [[], []]
  const sinks = [first, second].map((lines) => ({ record: (line: AuditLine) => lines.push(line) }))
  using sides = stage(() => auditCalls({ chain: undefined, sinks }))
  const recorded = [...numberedLines(3), auditLine('{"key":"\u65e5\u672c"}', 'error')]
  for (const line of recorded) sides.sink.record(line)
  assert.equal(sides.sink.depth, 4)
  await sides.sink.close()
  assert.deepEqual([first, second], [recorded, recorded])
  assert.deepEqual([sides.sink.depth, sides.events.drops], [0, []])
})

test('lines of several threads are links of one chain, and know their new length', async () => {
  const chain = new Chain(undefined)
  using one = stage(recording(chain))
  const two = new RemoteAuditSink(['file'], one.near, one.events)
  for (const line of numberedLines(5)) {
    one.sink.record(line)
    two.record(auditLine('{"key":"\u65e5\u672c"}'))
  }
  await Promise.all([one.sink.close(), two.close()])
  let digest = chainBeginning
  for (const { text, bytes } of one.lines) {
    assert.equal(JSON.parse(text).prev, digest)
    assert.equal(bytes, Buffer.byteLength(text) + 1)
    digest = digestOf(text)
  }
  assert.equal(one.lines.length, 10)
})

test('a thread that ends hands over at once what it has gathered', async () => {
  const batches: AuditLine[][] = []
  const call = async (_name: string, lines: AuditLine[]) => void batches.push(lines)
  const sink = new RemoteAuditSink(['file'], { call } as unknown as Link<AuditCalls>, new RecordedSinkEvents())
  const recorded = numberedLines(3)
  for (const line of recorded) sink.record(line)
  sink.handOverNow()
  assert.deepEqual(batches, [recorded])
  await sink.close()
  assert.equal(batches.length, 1)
})

test('lines of one turn of the event loop cross together', async () => {
  const batches: number[] = []
  using sides = stage(() => ({ auditLines: (lines) => void batches.push(lines.length) }))
  for (const line of numberedLines(100)) {
    sides.sink.record(line)
    await undefined // as between one request and the next
  }
  await sides.settle()
  await sides.settle()
  sides.sink.record(auditLine('{}'))
  await sides.sink.close()
  assert.deepEqual(batches, [100, 1])
})

test('past 10,000 lines or 16 MiB that nobody has taken lines are dropped, and counted for each sink', () => {
  using sides = stage(deaf)
  for (const line of numberedLines(10_003)) sides.sink.record(line)
  assert.equal(sides.sink.depth, 10_000)
  assert.equal(sides.events.droppedLines('queue full'), 2 * 3)

  using large = stage(deaf)
  for (let count = 0; count < 17; count++) large.sink.record(auditLine('x'.repeat((1 << 20) - 1)))
  assert.deepEqual([large.sink.depth, large.events.droppedLines('queue full')], [16, 2])
})

test('what was taken makes room', async () => {
  using sides = stage(recording())
  const large = Array.from({ length: 16 }, () => auditLine('x'.repeat((1 << 20) - 1)))
  for (const lines of [numberedLines(10_000), numberedLines(10_000), large, large]) {
    for (const line of lines) sides.sink.record(line)
    await sides.settle()
    await sides.settle()
  }
  assert.deepEqual([sides.lines.length, sides.events.drops], [20_032, []])
})

test('once lines are taken again after a loss that is told, and nothing counted', async () => {
  const told: string[] = []
  const events = {
    dropped: (sink: string, lines: number) => told.push(`${sink} lost ${lines}`),
    written: (sink: string, lines: number) => told.push(`${sink} took ${lines}`),
  }
  using sides = linkedSides(recording()([]))
  const sink = new RemoteAuditSink(['s3', 'file'], sides.near, events)
  sink.record(auditLine('x'.repeat(17 << 20)))
  for (let turns = 0; turns < 2; turns++) {
    sink.record(auditLine('{}'))
    await sides.settle()
    await sides.settle()
  }
  assert.deepEqual(told, ['s3 lost 1', 'file lost 1', 's3 took 0', 'file took 0'])
})

test('lines that a thread did not take before it ended are lost, and counted', async () => {
  using sides = stage(deaf)
  for (const line of numberedLines(3)) sides.sink.record(line)
  await sides.settle()
  sides.near.close()
  await sides.sink.close()
  assert.equal(sides.events.droppedLines('lost'), 2 * 3)
  sides.sink.record(auditLine('{}'))
  assert.equal(sides.events.droppedLines('closed'), 2)
  assert.equal(sides.sink.depth, 0)
})
