import assert from 'node:assert/strict'
import { test } from 'node:test'
import { downstreamHeaders } from '../../../src/policy/downstream.ts'
import { lines } from './answers.ts'

const headers = lines(
  'cache-control: max-age=1',
  'ETag: "a"',
  'Cache-Control: public',
  'Expires: 0',
  'CDN-Cache-Control: max-age=2',
  'Example-Cache-Control: max-age=3',
  'Surrogate-Control: max-age=4',
  'Cache-Control-Notes: kept',
)

test('without a replacement the very same headers go on', () => {
  assert.equal(downstreamHeaders(headers, undefined), headers)
})

test('a replacement is the only word on caching', () => {
  assert.deepEqual(
    downstreamHeaders(headers, 'max-age=60'),
    lines('ETag: "a"', 'Cache-Control-Notes: kept', 'Cache-Control: max-age=60'),
  )
})
