import assert from 'node:assert/strict'
import { test } from 'node:test'
import { request } from 'undici'
import { startProxy } from '../../support/start-proxy.ts'

test('/metrics answers on the metrics listener in the text format of Prometheus', async (t) => {
  const { proxy, origin } = await startProxy(t)
  origin.serve('a.txt', 'crow')
  await proxy.get('/b/a.txt')
  await proxy.get('/b/a.txt')
  await proxy.untilLogged(2)

  const { statusCode, headers, body } = await request(`${proxy.metrics}/metrics`)
  const text = await body.text()

  assert.equal(statusCode, 200)
  assert.match(String(headers['content-type']), /^text\/plain; version=0\.0\.4/)
  for (const line of [
    'yatagarasu_http_requests_total{bucket="b",method="GET",status="200"} 2',
    'yatagarasu_http_response_bytes_total{bucket="b"} 8',
    'yatagarasu_http_request_duration_seconds_count{bucket="b",cache="hit"} 1',
    'yatagarasu_http_request_duration_seconds_count{bucket="b",cache="miss"} 1',
    'yatagarasu_cache_hits_total{bucket="b",layer="memory"} 1',
    'yatagarasu_cache_misses_total{bucket="b",layer="memory"} 1',
    'yatagarasu_cache_items{bucket="b",layer="memory"} 1',
    'yatagarasu_origin_requests_total{bucket="b",replica="",status="200"} 1',
    'yatagarasu_origin_bytes_total{bucket="b"} 4',
    `yatagarasu_build_info{version="0.0.0-test",node="${process.version}"} 1`,
  ]) {
    assert.ok(text.split('\n').includes(line), line)
  }
})

test('the metrics listener serves no objects', async (t) => {
  const { proxy, origin } = await startProxy(t)
  origin.serve('a.txt', 'crow')

  const { statusCode, body } = await request(`${proxy.metrics}/b/a.txt`)
  await body.dump()

  assert.equal(statusCode, 404)
  assert.equal(origin.requests().length, 0)
})
