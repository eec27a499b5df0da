import assert from 'node:assert/strict'
import { test } from 'node:test'
import { readTraceContext, traceFields } from '../../../src/observe/trace-context.ts'
import { fc } from '../../support/fast-check.ts'

const traceId = '4bf92f3577b34da6a3ce929d0e0e4736'
const spanId = '00f067aa0ba902b7'
const parent = `00-${traceId}-${spanId}-01`

function read(traceparent: string | undefined, tracestate?: string) {
  const fields = new Map(Object.entries({ traceparent, tracestate }))
  return readTraceContext((name) => fields.get(name))
}

test('a trace context is read, whatever its flags say besides', () => {
  const known = { traceId, spanId, state: '' }
  assert.deepEqual(read(parent), { ...known, isSampled: true })
  assert.deepEqual(read(`00-${traceId}-${spanId}-00`), { ...known, isSampled: false })
  assert.deepEqual(read(`00-${traceId}-${spanId}-03`), { ...known, isSampled: true })
  assert.deepEqual(read(`00-${traceId}-${spanId}-fe`), { ...known, isSampled: false })
})

test('a later version is read as this one, with what it has added', () => {
  assert.equal(read(`01-${traceId}-${spanId}-01`)?.traceId, traceId)
  assert.equal(read(`cc-${traceId}-${spanId}-01-what.comes`)?.traceId, traceId)
})

const refused: Readonly<Record<string, string | undefined>> = {
  'is not there': undefined,
  'is empty': '',
  'has a version that is none': `ff-${traceId}-${spanId}-01`,
  'has more than this version has': `${parent}-what.comes`,
  'has a later version, and more without a dash': `01-${traceId}-${spanId}-01what`,
  'is in capitals': parent.toUpperCase(),
  'has a trace id of zeros': `00-${'0'.repeat(32)}-${spanId}-01`,
  'has a span id of zeros': `00-${traceId}-${'0'.repeat(16)}-01`,
  'has a trace id too short': `00-${traceId.slice(1)}-${spanId}-01`,
  'has a span id too long': `00-${traceId}-${spanId}0-01`,
  'has flags that are no hex': `00-${traceId}-${spanId}-0x`,
  'lacks its flags': `00-${traceId}-${spanId}`,
  'came twice': `${parent}, ${parent}`,
  'goes on in another line': `${parent}\n`,
}
for (const [flaw, traceparent] of Object.entries(refused)) {
  test(`a traceparent that ${flaw} is none`, () => assert.equal(read(traceparent, 'a=1'), undefined))
}

const states: readonly (readonly [why: string, given: string, kept: string])[] = [
  ['is handed on in its order', 'b=2,a=1', 'b=2,a=1'],
  ['loses blanks and empty members', ' a=1 ,\t,, b=2', 'a=1,b=2'],
  ['may name tenants', '0tenant@sys_tem-1/*=x y~', '0tenant@sys_tem-1/*=x y~'],
  ['with a key in capitals is nothing', 'a=1,B=2', ''],
  ['with a key twice is nothing', 'a=1,a=2', ''],
  ['with a member that has no value is nothing', 'a', ''],
  ['with a value that has an equals sign is nothing', 'a=1=2', ''],
  ['with more than 32 members is nothing', Array.from({ length: 33 }, (_, at) => `k${at}=1`).join(), ''],
  ['with a key of 257 letters is nothing', `${'k'.repeat(257)}=1`, ''],
  ['with a value of 257 letters is nothing', `k=${'v'.repeat(257)}`, ''],
]
for (const [why, given, kept] of states) {
  test(`a tracestate ${why}`, () => assert.equal(read(parent, given)?.state, kept))
}

test('a tracestate longer than 512 letters loses members from its end', () => {
  const members = ['a', 'b', 'c'].map((key) => `${key}=${'v'.repeat(200)}`)
  assert.equal(read(parent, members.join())?.state, members.slice(0, 2).join())
})

test('blanks within a tracestate are looked at once', () => {
  const startedMs = performance.now()
  assert.equal(read(parent, `a=${' '.repeat(200_000)}x`)?.state, '')
  assert.ok(performance.now() - startedMs < 1000) // once for each of them would be minutes
})

test('what is written is read as the same', () => {
  const hex = (digits: number) =>
    fc
      .array(fc.constantFrom(...'0123456789abcdef'), { minLength: digits, maxLength: digits })
      .map((found) => found.join(''))
      .filter((id) => /[^0]/.test(id))
  fc.assert(
    fc.property(
      hex(32),
      hex(16),
      fc.boolean(),
      fc.constantFrom('', 'a=1', 'a=1,b=2'),
      (trace, span, sampled, state) => {
        const context = { traceId: trace, spanId: span, isSampled: sampled, state }
        const [, written, , states = ''] = traceFields(context)
        assert.deepEqual(read(written, states), context)
      },
    ),
  )
})

test('nothing that a client sends throws, or is handed on with what a field may not hold', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), fc.string({ unit: 'binary' }), (traceparent, tracestate) => {
      read(traceparent)
      assert.match(read(parent, tracestate)?.state ?? '', /^[\x20-\x7e]*$/)
    }),
  )
})
