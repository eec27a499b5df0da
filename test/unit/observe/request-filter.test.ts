import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createRequestFilter, type RequestFilterOptions } from '../../../src/observe/request-filter.ts'

const everything: RequestFilterOptions = { includePaths: [], excludePaths: [], statuses: [] }

for (const [options, path, status, isLogged] of [
  [{}, '/a', 200, true],
  [{ includePaths: ['/img/*'] }, '/img/a/b.png', 200, true],
  [{ includePaths: ['/img/*'] }, '/imga', 200, false],
  [{ includePaths: ['/img/*', '*.mp4'] }, '/films/a.mp4', 200, true],
  [{ includePaths: ['/a'] }, '/a/b', 200, false],
  [{ excludePaths: ['/health', '/ready'] }, '/ready', 200, false],
  [{ excludePaths: ['/health', '/ready'] }, '/ready/a', 200, true],
  [{ includePaths: ['/img/*'], excludePaths: ['*.png'] }, '/img/a.png', 200, false],
  [{ includePaths: ['/img/*'], excludePaths: ['*.png'] }, '/img/a.jpg', 200, true],
  [{ includePaths: ['/a?b'] }, '/a%20b', 200, false],
  [{ includePaths: ['/a%20b'] }, '/a%20b', 200, true],
  [{ statuses: ['404'] }, '/a', 404, true],
  [{ statuses: ['404'] }, '/a', 403, false],
  [{ statuses: ['5xx'] }, '/a', 500, true],
  [{ statuses: ['5xx'] }, '/a', 599, true],
  [{ statuses: ['5xx'] }, '/a', 499, false],
  [{ statuses: ['500-503', '206'] }, '/a', 503, true],
  [{ statuses: ['500-503', '206'] }, '/a', 504, false],
  [{ statuses: ['500-503', '206'] }, '/a', 206, true],
  [{ statuses: ['2xx'], includePaths: ['/b'] }, '/a', 200, false],
] as const) {
  test(`with ${JSON.stringify(options)}, ${status} on ${path} ${isLogged ? 'has a line' : 'has none'}`, () => {
    assert.equal(createRequestFilter({ ...everything, ...options })(path, status), isLogged)
  })
}
