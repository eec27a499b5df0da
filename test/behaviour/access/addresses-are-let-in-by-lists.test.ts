import assert from 'node:assert/strict'
import { test } from 'node:test'
import { startProxy } from '../../support/start-proxy.ts'

const behind = { server: { trusted_proxies: ['127.0.0.1'] } }
const from = (address: string) => ({ headers: { 'x-forwarded-for': address } })

for (const [lists, admitted, refused] of [
  [
    { ip_allowlist: ['192.0.2.0/24', '2001:db8::/32'] },
    ['192.0.2.7', '2001:db8::1', '::ffff:192.0.2.7'],
    ['192.0.3.7', '::1'],
  ],
  [
    { ip_blocklist: ['192.0.2.0/24', '2001:db8::/32'] },
    ['192.0.3.7', '::1'],
    ['192.0.2.7', '2001:db8::1', '::ffff:192.0.2.7'],
  ],
  [{ ip_allowlist: ['192.0.2.0/24'], ip_blocklist: ['192.0.2.66'] }, ['192.0.2.66'], ['192.0.3.7']],
] as const) {
  test(`${JSON.stringify(lists)} lets in ${admitted} and keeps out ${refused}`, async (t) => {
    const { proxy, origin } = await startProxy(t, { ...behind, bucket: lists })
    origin.serve('a.txt', 'crow')

    for (const address of admitted) assert.equal((await proxy.get('/b/a.txt', from(address))).status, 200, address)
    for (const address of refused) {
      const answer = await proxy.get('/b/a.txt', from(address))
      assert.equal(answer.status, 403, address)
      assert.equal(JSON.parse(answer.text).error.code, 'AddressDenied')
      assert.equal((await proxy.get('/b/a.txt', { ...from(address), method: 'OPTIONS' })).status, 403)
    }

    await proxy.untilLogged(admitted.length + 2 * refused.length)
    assert.equal(await proxy.metric('yatagarasu_ip_denied_total', { bucket: 'b' }), 2 * refused.length)
    assert.equal(origin.requests().length, 1)
  })
}

test('an address that a stranger claims for itself counts for nothing', async (t) => {
  const { proxy } = await startProxy(t, { bucket: { ip_allowlist: ['192.0.2.7'] } })

  assert.equal((await proxy.get('/b/a.txt', from('192.0.2.7'))).status, 403)
})
