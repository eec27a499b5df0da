import assert from 'node:assert/strict'
import { test } from 'node:test'
import { collectorUrl } from '../../../src/observe/span-sink.ts'

const urls = [
  ['otlp', undefined, 'http://localhost:4318/v1/traces'],
  ['otlp', 'http://collector:4318', 'http://collector:4318/v1/traces'],
  ['otlp', 'https://collector/', 'https://collector/v1/traces'],
  ['otlp', 'https://collector/otlp/traces', 'https://collector/otlp/traces'],
  ['zipkin', undefined, 'http://localhost:9411/api/v2/spans'],
  ['zipkin', 'http://collector:9411', 'http://collector:9411/api/v2/spans'],
] as const

for (const [exporter, endpoint, url] of urls) {
  test(`${exporter} to ${endpoint ?? 'nowhere in particular'} goes to ${url}`, () => {
    assert.equal(collectorUrl(exporter, endpoint), url)
  })
}
