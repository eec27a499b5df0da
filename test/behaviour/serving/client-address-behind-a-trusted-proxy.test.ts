import assert from 'node:assert/strict'
import { test } from 'node:test'
import { startProxy } from '../../support/start-proxy.ts'

for (const [trusted, expected] of [
  [['127.0.0.0/8', '10.0.0.0/8'], '203.0.113.9'],
  [[], '127.0.0.1'],
] as const) {
  test(`with trusted_proxies ${JSON.stringify(trusted)} the client of the log is ${expected}`, async (t) => {
    const { proxy } = await startProxy(t, { server: { trusted_proxies: trusted } })

    await proxy.get('/b/a.txt', { headers: { 'x-forwarded-for': '198.51.100.7, 203.0.113.9, 10.1.2.3' } })
    await proxy.untilLogged(1)

    assert.equal(proxy.log[0]?.['client_ip'], expected)
  })
}
