import assert from 'node:assert/strict'
import { test } from 'node:test'
import { bytesText, countText, dollarsText, printable, shareText, table } from '../../../src/cli/table.ts'

for (const [bytes, text] of [
  [0, '0 B'],
  [1023, '1023 B'],
  [1024, '1.0 KiB'],
  [1536, '1.5 KiB'],
  [5 * 2 ** 30, '5.0 GiB'],
  [2 ** 70, '1048576.0 PiB'],
] as const) {
  test(`${bytes} bytes read as ${text}`, () => assert.equal(bytesText(bytes), text))
}

test('counts have their thousands apart, and shares one decimal', () => {
  assert.deepEqual([0, 999, 1000, 1234567].map(countText), ['0', '999', '1,000', '1,234,567'])
  assert.deepEqual([0, 0.12345, 1].map(shareText), ['0.0 %', '12.3 %', '100.0 %'])
})

test('dollars are told to the cent, and parts of one more closely', () => {
  assert.deepEqual([0, 0.00456, 0.99, 1, 1234.567].map(dollarsText), [
    '$0.0000',
    '$0.0046',
    '$0.9900',
    '$1.00',
    '$1234.57',
  ])
})

test('a table lines words up on the left and figures on the right', () => {
  const rows = [
    ['memory', '7', ''],
    ['disk', '1,200', 'more'],
  ]
  assert.equal(table(['tier', 'records', ''], rows), 'tier    records\nmemory        7\ndisk      1,200  more')
})

test('what would speak to the terminal is written out', () => {
  assert.equal(printable('a\u001b[31m\r\n\u0000\u009b\u202eé ♥'), 'a\\u{1b}[31m\\u{d}\\u{a}\\u{0}\\u{9b}\\u{202e}é ♥')
})
