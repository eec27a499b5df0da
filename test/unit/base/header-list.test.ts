import assert from 'node:assert/strict'
import { test } from 'node:test'
import {
  fieldValue,
  isFieldName,
  isHopByHop,
  trimmed,
  withoutFields,
  withoutHopByHop,
} from '../../../src/base/header-list.ts'

const list = ['Host', 'a', 'X-One', '1', 'x-one', '2', 'Empty', '', 'X-One-More', '3']

test('a field is found whatever its case, its lines joined in order', () => {
  assert.equal(fieldValue(list, 'x-one'), '1, 2')
  assert.equal(fieldValue(list, 'host'), 'a')
  assert.equal(fieldValue(list, 'empty'), '')
  assert.equal(fieldValue(list, 'age'), undefined)
})

test('a value is not taken for a name', () => {
  assert.equal(fieldValue(list, 'a'), undefined)
  assert.deepEqual(
    withoutFields(list, (name) => name === 'a'),
    list,
  )
})

test('what is left keeps its order, its case and every line', () => {
  assert.deepEqual(
    withoutFields(['A', '1', 'b', '2', 'a', '3'], (name) => name === 'b'),
    ['A', '1', 'a', '3'],
  )
  assert.deepEqual(
    withoutFields(list, (name) => name === 'x-one'),
    ['Host', 'a', 'Empty', '', 'X-One-More', '3'],
  )
})

test('fields can be dropped by their values', () => {
  assert.deepEqual(
    withoutFields(['A', '1', 'a', '2'], (name, value) => name === 'a' && value === '1'),
    ['a', '2'],
  )
})

test('a list from which nothing is taken is the list itself', () => {
  assert.equal(
    withoutFields(list, (name) => name === 'y'),
    list,
  )
})

test('a name without a value has an empty one', () => {
  assert.equal(fieldValue(['A'], 'a'), '')
  assert.deepEqual(
    withoutFields(['A'], () => false),
    ['A', ''],
  )
})

test('hop-by-hop fields go', () => {
  const headers = ['Trailer', 'x', 'Upgrade', 'h2c', 'Transfer-Encoding', 'chunked', 'TE', 'trailers', 'Te2', '1']
  assert.deepEqual(withoutHopByHop(headers), ['Te2', '1'])
  assert.deepEqual(withoutHopByHop(['Proxy-Authentication-Info', 'a', 'Keep-Alive', 'timeout=5']), [])
  assert.deepEqual(['connection', 'te', 'etag'].map(isHopByHop), [true, true, false])
})

test('a field that Connection names goes, whichever line names it', () => {
  const headers = ['Connection', 'close, X-Mine', 'x-mine', '1', 'X-A', '2', 'connection', 'x-b , X-A', 'X-B', '3']
  assert.deepEqual(withoutHopByHop([...headers, 'ETag', '"a"']), ['ETag', '"a"'])
})

test('a field name is a token', () => {
  assert.ok(['a', 'X-One', "!#$%&'*+.^_`|~-9"].every(isFieldName))
  for (const text of ['', 'a b', 'a:', 'a,b', '"a"', 'caf\u00e9', 'a\n']) assert.ok(!isFieldName(text), text)
})

test('a value loses the whitespace of HTTP around it and no other', () => {
  assert.equal(trimmed(' \t a b\t '), 'a b')
  assert.equal(trimmed('\u00a0a\u00a0'), '\u00a0a\u00a0')
  assert.equal(trimmed(' \t'), '')
  assert.equal(trimmed(''), '')
})
