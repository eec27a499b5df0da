import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createAddressRule } from '../../../src/access/address-list.ts'
import { createAddressSet } from '../../../src/http/address-set.ts'

const lan = ['10.0.0.0/8', '2001:db8::/32']
const bad = ['10.6.6.0/24', '203.0.113.9', '2001:db8:6::/48']

for (const [title, allow, block, admitted, refused] of [
  ['without lists everybody is admitted', [], [], ['10.0.0.1', '203.0.113.9', '::1', ''], []],
  ['an allowlist admits its members alone', lan, [], ['10.0.0.1', '2001:db8::1'], ['11.0.0.1', '2001:db9::1', '::1']],
  ['a blocklist refuses its members alone', [], bad, ['10.0.0.1', '::1'], ['10.6.6.1', '203.0.113.9', '2001:db8:6::1']],
  ['who is on both is admitted', lan, bad, ['10.6.6.1', '2001:db8:6::1'], ['203.0.113.9', '8.8.8.8']],
  ['an unknown address is refused by an allowlist', ['0.0.0.0/0', '::/0'], [], ['8.8.8.8'], ['', 'unknown']],
  ['an unknown address is refused by a blocklist', [], ['203.0.113.9'], ['8.8.8.8'], ['', 'unknown']],
  ['everybody can be blocked', [], ['0.0.0.0/0', '::/0'], [], ['8.8.8.8', '::1', '']],
] as const) {
  test(title, () => {
    const admits = createAddressRule({ allow: createAddressSet(allow), block: createAddressSet(block) })
    assert.deepEqual([...admitted, ...refused].filter(admits), [...admitted])
  })
}
