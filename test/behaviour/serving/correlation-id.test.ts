import assert from 'node:assert/strict'
import { test } from 'node:test'
import { startProxy } from '../../support/start-proxy.ts'

const freshId = /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/

test("a client's correlation id comes back on answers and errors, and in the log", async (t) => {
  const { proxy, origin } = await startProxy(t)
  origin.serve('a.txt', 'crow', { headers: { 'x-correlation-id': 'of the origin' } })
  const headers = { 'x-correlation-id': 'My.id_1-2' }

  const found = await proxy.get('/b/a.txt', { headers })
  const missing = await proxy.get('/b/none.txt', { headers })
  await proxy.untilLogged(2)

  assert.equal(found.header('x-correlation-id'), 'My.id_1-2')
  assert.equal(missing.header('x-correlation-id'), 'My.id_1-2')
  for (const line of proxy.log) assert.equal(line['correlation_id'], 'My.id_1-2')
  for (const request of origin.requests()) assert.equal(request.headers['x-correlation-id'], undefined)
})

for (const id of [undefined, '', 'a b', 'a'.repeat(129), 'x;y', 'é']) {
  test(`${id === undefined ? 'no id' : JSON.stringify(id.slice(0, 9))} is replaced by a fresh UUID`, async (t) => {
    const { proxy, origin } = await startProxy(t)
    origin.serve('a.txt', 'crow')
    const headers = id === undefined ? {} : { 'x-correlation-id': id }

    const first = await proxy.get('/b/a.txt', { headers })
    const second = await proxy.get('/b/a.txt', { headers })

    assert.match(first.header('x-correlation-id') ?? '', freshId)
    assert.match(second.header('x-correlation-id') ?? '', freshId)
    assert.notEqual(first.header('x-correlation-id'), second.header('x-correlation-id'))
  })
}
