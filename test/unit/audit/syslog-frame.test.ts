import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createFormat, octetFrames } from '../../../src/audit/syslog-frame.ts'
import { auditLine } from '../../support/sink-events.ts'

const source = { facility: 'local0', hostname: 'cache-1.example', pid: 4711 } as const

test('a message has the header of RFC 5424 and the line as it is', () => {
  const message = createFormat(source)(auditLine('{"object_key":"é.mp4"}')).toString()
  const header = '<134>1 2026-11-20T10:15:00.000Z cache-1.example yatagarasu 4711 AUDIT -'
  assert.equal(message, `${header} {"object_key":"é.mp4"}`)
})

for (const [facility, severity, priority] of [
  ['kern', 'error', 3],
  ['user', 'info', 14],
  ['ftp', 'warning', 92],
  ['local0', 'error', 131],
  ['local0', 'warning', 132],
  ['local7', 'info', 190],
] as const) {
  test(`the priority of ${facility} and ${severity} is ${priority}`, () => {
    const message = createFormat({ ...source, facility })(auditLine('{}', severity))
    assert.ok(message.toString().startsWith(`<${priority}>1 `))
  })
}

for (const [hostname, field] of [
  ['', '-'],
  ['two words', 'twowords'],
  ['wörter', 'wrter'],
  ['h'.repeat(300), 'h'.repeat(255)],
] as const) {
  test(`a host called ${JSON.stringify(hostname.slice(0, 20))} does not upset the header`, () => {
    assert.equal(
      createFormat({ ...source, hostname })(auditLine('{}'))
        .toString()
        .split(' ')[2],
      field,
    )
  })
}

test('a frame counts bytes, not characters', () => {
  assert.equal(octetFrames([Buffer.from('é'), Buffer.from('a b')]).toString(), '2 é3 a b')
})
