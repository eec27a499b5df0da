import assert from 'node:assert/strict'
import test from 'node:test'
import { formatHttpDate } from '../../src/base/http-date.ts'
import type { EpochMs } from '../../src/base/types.ts'
import { evaluatePreconditions, rangeApplies } from '../../src/http/preconditions.ts'
import { fc } from '../support/fast-check.ts'

const receivedAt = Date.UTC(2026, 0, 1) as EpochMs
const date = fc.integer({ min: 0, max: 3 }).map((second) => formatHttpDate(second * 1000))
const tag = fc.constantFrom('"a"', '"b"', 'W/"a"', 'W/"b"')
const tags = fc.oneof(
  fc.constant('*'),
  fc.array(tag, { minLength: 1, maxLength: 3 }).map((list) => list.join(', ')),
)
const optional = <T>(values: fc.Arbitrary<T>) => fc.option(values, { nil: undefined })
const held = fc.record({ etag: optional(tag), lastModified: optional(date), dateMs: optional(fc.nat({ max: 5000 })) })
const fields = fc.record({
  'if-match': optional(tags),
  'if-unmodified-since': optional(date),
  'if-none-match': optional(tags),
  'if-modified-since': optional(date),
})
const asked = (values: Readonly<Record<string, string | undefined>>) => ({
  method: 'GET',
  header: (name: string) => values[name],
  receivedAt,
})

test('the order of RFC 9110 §13.2.2: each condition decides as if the ones it outranks were not there', () => {
  fc.assert(
    fc.property(held, fields, (current, given) => {
      const verdict = (names: readonly string[]) =>
        evaluatePreconditions(
          current,
          asked(Object.fromEntries(Object.entries(given).filter(([name]) => names.includes(name)))),
        )
      const first = given['if-match'] === undefined ? 'if-unmodified-since' : 'if-match'
      const second = given['if-none-match'] === undefined ? 'if-modified-since' : 'if-none-match'
      const expected = verdict([first]) === 'failed' ? 'failed' : verdict([second])
      assert.equal(evaluatePreconditions(current, asked(given)), expected)
    }),
  )
})

test('arbitrary field values never throw, and never fail a request by a date that is none', () => {
  fc.assert(
    fc.property(held, fc.string(), (current, text) => {
      for (const name of ['if-match', 'if-none-match']) evaluatePreconditions(current, asked({ [name]: text }))
      for (const name of ['if-modified-since', 'if-unmodified-since']) {
        assert.equal(evaluatePreconditions(current, asked({ [name]: text })), 'proceed')
      }
      if (text !== current.etag) assert.equal(rangeApplies(current, asked({ 'if-range': text })), false)
    }),
  )
})
