import assert from 'node:assert/strict'
import { test } from 'node:test'
import { startProxy } from '../../support/start-proxy.ts'

for (const method of ['POST', 'PUT', 'DELETE', 'PATCH', 'PROPFIND']) {
  test(`${method} is a 405 with Allow, and S3 is not asked`, async (t) => {
    const { proxy, origin } = await startProxy(t)
    origin.serve('a.txt', 'crow')

    const answer = await proxy.get('/b/a.txt', { method: method as 'POST' })
    await proxy.untilLogged(1)

    assert.equal(answer.status, 405)
    assert.equal(answer.header('allow'), 'GET, HEAD, OPTIONS')
    assert.equal(JSON.parse(answer.text).error.code, 'MethodNotAllowed')
    assert.equal(origin.requests().length, 0)
    const label = method === 'PROPFIND' ? 'other' : method
    assert.equal(await proxy.metric('yatagarasu_http_requests_total', { bucket: 'b', method: label, status: '405' }), 1)
  })
}
