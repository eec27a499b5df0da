import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { HeaderList } from '../../../src/base/types.ts'
import { confirms, refreshedHeaders } from '../../../src/policy/not-modified.ts'
import { lines } from './answers.ts'

const table: Record<string, readonly [stored: HeaderList, fresh: HeaderList, refreshed: HeaderList]> = {
  'what the 304 omits stays': [lines('Test: a', 'Date: 1'), lines('Date: 2'), lines('Test: a', 'Date: 2')],
  'what it brings replaces every stored line': [
    lines('a: 1', 'X: 2', 'A: 3', 'Date: 1'),
    lines('A: 4', 'a: 5', 'Date: 2'),
    lines('X: 2', 'A: 4', 'a: 5', 'Date: 2'),
  ],
  'what is new is added': [lines('Date: 1'), lines('Content-Foo: 1', 'Date: 2'), lines('Content-Foo: 1', 'Date: 2')],
  'freshness is renewed': [
    lines('Cache-Control: max-age=1', 'Expires: 0', 'Date: 1'),
    lines('Cache-Control: max-age=3600', 'Expires: 9', 'Date: 2'),
    lines('Cache-Control: max-age=3600', 'Expires: 9', 'Date: 2'),
  ],
  'what the bytes depend on stays': [
    lines('Content-Type: text/html', 'Content-Encoding: br', 'ETag: "a"', 'Date: 1'),
    lines('content-type: text/plain', 'Content-Encoding: gzip', 'ETag: W/"a"', 'Date: 2'),
    lines('Content-Type: text/html', 'Content-Encoding: br', 'ETag: "a"', 'Date: 2'),
  ],
  'what belongs to the connection or the empty body is left out': [
    lines('Date: 1'),
    lines(
      'Content-Length: 0',
      'Content-Range: bytes 0-0/1',
      'Connection: close',
      'Transfer-Encoding: chunked',
      'Date: 2',
    ),
    lines('Date: 2'),
  ],
  'the age of the older answer is over': [lines('Age: 30', 'Date: 1'), lines('Date: 2'), lines('Date: 2')],
  'the date of the older answer is over': [lines('a: 1', 'Date: 1'), lines('Age: 3'), lines('a: 1', 'Age: 3')],
}

for (const [title, [stored, fresh, refreshed]] of Object.entries(table)) {
  test(title, () => assert.deepEqual(refreshedHeaders(stored, fresh), refreshed))
}

const confirmations: readonly (readonly [stored: readonly string[], fresh: readonly string[], confirms: boolean])[] = [
  [['ETag: "a"'], ['ETag: "a"'], true],
  [['ETag: "a"'], ['ETag: "b"'], false],
  [['ETag: "a"'], ['ETag: W/"a"'], true],
  [['ETag: "a"'], ['ETag: xx"a"'], false],
  [['ETag: W/"a"'], ['ETag: W/"a"'], true],
  [['ETag: W/"a"'], ['ETag: "a"'], false],
  [['ETag: "a"'], [], true],
  [['ETag: "a"', 'Last-Modified: 1'], ['ETag: "a"', 'Last-Modified: 2'], true],
  [['ETag: "a"', 'Last-Modified: 1'], ['Last-Modified: 2'], true],
  [['Last-Modified: 1'], ['Last-Modified: 1'], true],
  [['Last-Modified: 1'], ['Last-Modified: 2'], false],
  [['Last-Modified: 1'], [], true],
  [['Last-Modified: 1'], ['ETag: "a"', 'Last-Modified: 1'], false],
  [[], [], true],
]

for (const [stored, fresh, expected] of confirmations) {
  test(`a 304 with [${fresh}] ${expected ? 'confirms' : 'says nothing of'} an answer with [${stored}]`, () => {
    assert.equal(confirms(lines(...stored), lines(...fresh)), expected)
  })
}
