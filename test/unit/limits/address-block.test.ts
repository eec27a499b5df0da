import assert from 'node:assert/strict'
import { test } from 'node:test'
import { canonicalAddress } from '../../../src/http/address-set.ts'
import { addressBlock } from '../../../src/limits/address-block.ts'
import { fc } from '../../support/fast-check.ts'

for (const [address, block] of [
  ['192.0.2.7', '192.0.2.7'],
  ['', ''],
  ['2001:db8:1:2:3:4:5:6', '2001:db8:1:2::'],
  ['2001:db8:1:2::', '2001:db8:1:2::'],
  ['2001:db8:1::5', '2001:db8:1::'],
  ['2001:db8::1:2:3:4:5', '2001:db8:0:1::'],
  ['2001:0:0:1::1', '2001:0:0:1::'],
  ['::1', '::'],
  ['::', '::'],
  ['::2:3:4:5:6:7:8', '0:2:3:4::'],
  ['1:2:3:4:5:6:7::', '1:2:3:4::'],
  ['::192.0.2.7', '::'],
] as const) {
  test(`requests of ${address || 'nobody known'} are counted for ${block || 'nobody known'}`, () => {
    assert.equal(addressBlock(address), block)
  })
}

const group = fc.oneof(fc.constant(0), fc.integer({ min: 0, max: 0xffff }))

function addressOf(groups: readonly number[]): string {
  return canonicalAddress(groups.map((value) => value.toString(16)).join(':')) ?? ''
}

test('two v6 addresses are counted together when their first 64 bits are equal, and only then', () => {
  const half = fc.array(group, { minLength: 4, maxLength: 4 })
  fc.assert(
    fc.property(half, half, half, half, (network, host, otherHost, otherNetwork) => {
      // Mapped v4 addresses have another spelling.
      fc.pre(network.some(Boolean) && otherNetwork.some(Boolean))
      const block = addressBlock(addressOf([...network, ...host]))
      assert.equal(addressBlock(addressOf([...network, ...otherHost])), block)
      assert.equal(canonicalAddress(block), addressOf([...network, 0, 0, 0, 0]))
      const isSame = network.every((value, index) => value === otherNetwork[index])
      assert.equal(addressBlock(addressOf([...otherNetwork, ...host])) === block, isSame)
    }),
  )
})
