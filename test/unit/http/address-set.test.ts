import assert from 'node:assert/strict'
import { test } from 'node:test'
import { canonicalAddress, createAddressSet, inBoth } from '../../../src/http/address-set.ts'
import { fc } from '../../support/fast-check.ts'

for (const [title, block, inside, outside] of [
  ['a v4 address', '192.0.2.7', ['192.0.2.7'], ['192.0.2.8', '192.0.2.6', '::c000:207']],
  ['a v6 address', '2001:DB8::7', ['2001:db8::7'], ['2001:db8::8']],
  ['a v4 block', '10.0.0.0/8', ['10.0.0.0', '10.255.255.255'], ['9.255.255.255', '11.0.0.0', '::a00:1']],
  ['a block with host bits set', '10.1.2.3/8', ['10.0.0.0', '10.255.255.255'], ['11.0.0.0']],
  ['a block within an octet', '192.0.2.128/25', ['192.0.2.128', '192.0.2.255'], ['192.0.2.127']],
  ['a block of one', '192.0.2.7/32', ['192.0.2.7'], ['192.0.2.6', '192.0.2.8']],
  ['all of v4', '0.0.0.0/0', ['0.0.0.0', '255.255.255.255'], ['::1', '2001:db8::1']],
  ['a v6 block', '2001:db8::/32', ['2001:db8::', '2001:db8:ffff::1'], ['2001:db9::', '2001:db7:ffff::1']],
  ['all of v6', '::/0', ['::', 'ffff:ffff::1'], ['10.0.0.1']],
  ['a v4-mapped address', '::ffff:10.0.0.1', ['10.0.0.1'], ['10.0.0.2']],
  ['a block of v4-mapped addresses', '::ffff:10.0.0.0/104', ['10.255.255.255'], ['11.0.0.0']],
  ['all v4-mapped addresses', '::ffff:0:0/96', ['10.0.0.1', '203.0.113.9'], ['::1']],
] as const) {
  test(`${title} holds what lies in it and nothing else`, () => {
    const set = createAddressSet([block])
    assert.deepEqual(
      [...inside, ...outside].filter((address) => set.has(address)),
      inside,
    )
  })
}

test('what is no address is in no set', () => {
  const everything = createAddressSet(['0.0.0.0/0', '::/0'])
  for (const text of ['', 'localhost', '10.0.0', '10.0.0.0/8', '010.0.0.1', '1.2.3.4:80', '[::1]', ' 10.0.0.1']) {
    assert.equal(everything.has(text), false, text)
  }
})

test('a set without blocks is empty', () => {
  assert.equal(createAddressSet([]).isEmpty, true)
  assert.equal(createAddressSet([]).has('10.0.0.1'), false)
  assert.equal(createAddressSet(['10.0.0.1']).isEmpty, false)
})

for (const block of [
  ...['', '10.0.0.0.0/8', '10.0.0.0/', '10.0.0.0/33', '10.0.0.0/-1', '10.0.0.0/1e1', '10.0.0.0/8/8', '10.0.0.0/ 8'],
  ...['::/129', '::ffff:10.0.0.0/95', 'example.com', '/8', '*'],
]) {
  test(`${JSON.stringify(block)} is refused`, () => {
    assert.throws(() => createAddressSet(['10.0.0.0/8', block]), /not a(n address or)? CIDR block/)
  })
}

for (const [text, canonical] of [
  ['10.0.0.1', '10.0.0.1'],
  ['::ffff:10.0.0.1', '10.0.0.1'],
  ['::FFFF:a00:1', '10.0.0.1'],
  ['2001:DB8:0:0::0001', '2001:db8::1'],
  ['fe80::1%eth0', 'fe80::1'],
  ['', undefined],
  ['10.0.0.256', undefined],
] as const) {
  test(`${JSON.stringify(text)} is spelt ${canonical}`, () => assert.equal(canonicalAddress(text), canonical))
}

test('blocks that share an address with others are found, whichever is the larger', () => {
  const others = ['10.1.0.0/16', '2001:db8::1', '192.0.2.7']
  const blocks = ['10.0.0.0/8', '10.1.2.0/24', '10.2.0.0/16', '2001:db8::/32', '192.0.2.7', '192.0.2.8', '::/8']
  assert.deepEqual(inBoth(blocks, others), ['10.0.0.0/8', '10.1.2.0/24', '2001:db8::/32', '192.0.2.7'])
  assert.deepEqual(inBoth(blocks, []), [])
})

interface Block {
  readonly version: 4 | 6
  readonly value: bigint
  readonly bits: number
}

const widthOf = (version: 4 | 6) => (version === 4 ? 32 : 128)

/** Few values with long common prefixes, so that blocks and addresses meet often; bits are flipped near either end. */
const anyBlock: fc.Arbitrary<Block> = fc.constantFrom<4 | 6>(4, 6).chain((version) => {
  const width = widthOf(version)
  const flips = fc.array(fc.integer({ min: 0, max: width - 1 }), { maxLength: 3 })
  const start = version === 4 ? 0x0a_00_00_00n : 0x2001_0db8_0000_0000_0000_0000_0000_0000n
  const value = flips.map((places) => places.reduce((sum, place) => sum ^ (1n << BigInt(place)), start))
  return fc.record({ version: fc.constant(version), value, bits: fc.integer({ min: 0, max: width }) })
})

function spell({ version, value }: Block): string {
  const groups = version === 4 ? 4 : 8
  const size = version === 4 ? 8n : 16n
  const parts = Array.from(
    { length: groups },
    (_, i) => (value >> (BigInt(groups - 1 - i) * size)) & ((1n << size) - 1n),
  )
  return parts.map((part) => part.toString(version === 4 ? 10 : 16)).join(version === 4 ? '.' : ':')
}

function lies(address: Block, block: Block): boolean {
  const shift = BigInt(widthOf(block.version) - block.bits)
  return address.version === block.version && address.value >> shift === block.value >> shift
}

test('a set has an address just when the bits of one of its blocks are those of the address', () => {
  fc.assert(
    fc.property(fc.array(anyBlock, { maxLength: 4 }), anyBlock, (blocks, address) => {
      const set = createAddressSet(blocks.map((block) => `${spell(block)}/${block.bits}`))
      const canonical = canonicalAddress(spell(address)) ?? ''
      assert.equal(
        set.has(canonical),
        blocks.some((block) => lies(address, block)),
        canonical,
      )
    }),
    { numRuns: 2_000 },
  )
})

test('two blocks overlap just when one holds the start of the other', () => {
  fc.assert(
    fc.property(anyBlock, anyBlock, (one, other) => {
      const texts = [one, other].map((block) => `${spell(block)}/${block.bits}`) as [string, string]
      assert.equal(inBoth([texts[0]], [texts[1]]).length === 1, lies(one, other) || lies(other, one))
    }),
    { numRuns: 2_000 },
  )
})
