import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type AuditLogOptions, createAuditLog } from '../../../src/audit/audit-log.ts'
import type { AuditLine, AuditSink } from '../../../src/audit/audit-sink.ts'
import { Chain, digestOf } from '../../../src/audit/chain.ts'
import { createRedaction } from '../../../src/audit/redact.ts'
import type { Trace } from '../../../src/base/trace.ts'
import { answerOf, auditedRequest, sentWhole, traceOf } from '../../support/audited-requests.ts'

class ListSink implements AuditSink {
  readonly name = 'file'
  readonly depth = 0
  readonly lines: AuditLine[] = []
  record(line: AuditLine): void {
    this.lines.push(line)
  }
  async reopen(): Promise<void> {}
  async close(): Promise<void> {}
}

function startLog(options: Partial<AuditLogOptions> = {}) {
  const sinks = [new ListSink(), new ListSink()] as const
  const redaction = createRedaction({ headers: [], parameters: [], anonymizeIp: false })
  const log = createAuditLog({ level: 'info', redaction, chain: undefined, ...options }, sinks)
  const observe = (status: number, trace: Partial<Trace> = {}) =>
    log.observe(auditedRequest(), answerOf(status), traceOf(trace), sentWhole(0), 1)
  return { log, sinks, observe }
}

test('every sink gets the same line, with the severity of its status', () => {
  const { sinks, observe } = startLog()
  for (const status of [200, 304, 400, 499, 500, 504]) observe(status)
  const severities = sinks[0].lines.map(({ severity }) => severity)
  assert.deepEqual(severities, ['info', 'info', 'warning', 'warning', 'error', 'error'])
  assert.deepEqual(sinks[0].lines, sinks[1].lines)
  assert.equal(sinks[0].lines[0]?.at, auditedRequest().receivedAt)
})

test('what is neither a request for a bucket nor a call of an administrator has no entry', () => {
  const { sinks, observe } = startLog()
  observe(200, { bucket: undefined })
  assert.deepEqual(sinks[0].lines, [])
})

const purge = { bucket: undefined, action: { name: 'purge', parameters: {} } }
for (const [level, expected] of [
  ['info', [200, 404, 500, 'purge 200', 'purge 401', 'purge 500']],
  ['warn', [404, 500, 'purge 200', 'purge 401', 'purge 500']],
  ['error', [500, 'purge 500']],
] as const) {
  test(`at level ${level} these are told of: ${expected.join(', ')}`, () => {
    const { sinks, observe } = startLog({ level })
    for (const status of [200, 404, 500]) observe(status)
    for (const status of [200, 401, 500]) observe(status, purge)
    const told = sinks[0].lines.map(({ text }) => {
      const { action, response_status } = JSON.parse(text)
      return action === undefined ? response_status : `${action} ${response_status}`
    })
    assert.deepEqual(told, expected)
  })
}

test('in a chain each line ends with the digest of the one before, which any sink can verify', () => {
  const { sinks, observe } = startLog({ chain: new Chain(undefined) })
  for (const status of [200, 404, 500]) observe(status)
  const lines = sinks[1].lines.map(({ text }) => text)
  const links = lines.map((text) => JSON.parse(text).prev)
  assert.deepEqual(links, ['0'.repeat(64), digestOf(lines[0] ?? ''), digestOf(lines[1] ?? '')])
  assert.equal(Object.keys(JSON.parse(lines[0] ?? '')).at(-1), 'prev')
})
