import assert from 'node:assert/strict'
import test from 'node:test'
import { createClientAddresses } from '../../../src/http/client-address.ts'

const trustedProxies = ['10.0.0.0/8', '192.0.2.7', '2001:db8:1::/48', '::ffff:172.16.0.0/108']

function client(source: 'x-forwarded-for' | 'forwarded', from: string, field: string | undefined): string {
  const addresses = createClientAddresses({ trustedProxies, source })
  return addresses.client(addresses.peer(from), field)
}

for (const [title, from, field, expected] of [
  ['without the field it is the peer', '10.0.0.1', undefined, '10.0.0.1'],
  ['a stranger is not believed', '203.0.113.9', '198.51.100.1', '203.0.113.9'],
  ['a trusted peer is', '10.0.0.1', '198.51.100.1', '198.51.100.1'],
  ['a v4-mapped peer is its v4 address', '::ffff:10.0.0.1', '198.51.100.1', '198.51.100.1'],
  ['a single trusted address', '192.0.2.7', '198.51.100.1', '198.51.100.1'],
  ['its neighbour is none', '192.0.2.8', '198.51.100.1', '192.0.2.8'],
  ['a block of mapped addresses', '172.31.0.1', '198.51.100.1', '198.51.100.1'],
  ['the end of that block', '172.32.0.1', '198.51.100.1', '172.32.0.1'],
  ['what stands left of the client counts for nothing', '10.0.0.1', '1.1.1.1, 198.51.100.1', '198.51.100.1'],
  ['trusted hops are walked past', '10.0.0.1', '1.1.1.1, 198.51.100.1, 10.1.1.1,2001:DB8:1::5', '198.51.100.1'],
  ['when all are trusted it is the left-most', '10.0.0.1', '10.0.0.3, 10.0.0.2', '10.0.0.3'],
  ['garbage ends the walk', '10.0.0.1', '198.51.100.1, nonsense, 10.0.0.2', '10.0.0.2'],
  ['an empty field', '10.0.0.1', '', '10.0.0.1'],
  ['an empty hop', '10.0.0.1', '198.51.100.1,', '10.0.0.1'],
  ['a leading comma', '10.0.0.1', ',10.0.0.2', '10.0.0.2'],
  ['a port is left out', '10.0.0.1', '198.51.100.1:4711', '198.51.100.1'],
  ['brackets too', '10.0.0.1', '[2001:db8::1]:4711', '2001:db8::1'],
  ['one address has one spelling', '10.0.0.1', '2001:DB8:0:0::0001', '2001:db8::1'],
  ['a mapped address in hex', '10.0.0.1', '::ffff:c633:6401', '198.51.100.1'],
  ['a zone names an interface of the proxy, not a client', '10.0.0.1', 'fe80::1%eth0', 'fe80::1'],
  ['an address out of bounds', '10.0.0.1', '999.1.1.1', '10.0.0.1'],
] as const) {
  test(`X-Forwarded-For: ${title}`, () => assert.equal(client('x-forwarded-for', from, field), expected))
}

for (const [title, field, expected] of [
  ['a token', 'for=198.51.100.1', '198.51.100.1'],
  ['any case, other parameters', 'proto=https;For="198.51.100.1:80";by=10.0.0.1', '198.51.100.1'],
  ['quoted v6 with a port', 'for="[2001:db8::17]:4711"', '2001:db8::17'],
  ['the right-most stranger', 'for=1.1.1.1, for=198.51.100.1, for=10.0.0.2', '198.51.100.1'],
  ['unknown stops', 'for=198.51.100.1, for=unknown, for=10.0.0.2', '10.0.0.2'],
  ['obfuscated stops', 'for=198.51.100.1, for=_hidden', '10.0.0.1'],
  ['an element without for stops', 'for=198.51.100.1, proto=https', '10.0.0.1'],
  ['for twice in one element stops', 'for=198.51.100.1;for=198.51.100.2', '10.0.0.1'],
  ['a comma in quotes is no border', 'for=1.1.1.1, for=198.51.100.1;host="a,for=2.2.2.2"', '198.51.100.1'],
  ['a semicolon in quotes is none', 'host="x;for=2.2.2.2";for=198.51.100.1', '198.51.100.1'],
  ['an open quote by the client hides nothing', 'for="1.1.1.1, for="[2001:db8::17]:1"', '2001:db8::17'],
  ['bad syntax stops', 'for=198.51.100.1 port=1', '10.0.0.1'],
  ['a bare address stops', '198.51.100.1', '10.0.0.1'],
] as const) {
  test(`Forwarded: ${title}`, () => assert.equal(client('forwarded', '10.0.0.1', field), expected))
}

test('nobody is trusted unless told', () => {
  const addresses = createClientAddresses({ trustedProxies: [], source: 'x-forwarded-for' })
  assert.deepEqual(addresses.peer('::ffff:127.0.0.1'), { address: '127.0.0.1', trusted: false })
  assert.deepEqual(addresses.peer(undefined), { address: '', trusted: false })
})

test('a chain longer than any real one is not walked to its end', () => {
  const chain = Array.from({ length: 1000 }, (_, i) => `10.0.${i >> 8}.${i & 255}`).join(', ')
  assert.equal(client('x-forwarded-for', '10.0.0.1', chain), '10.0.3.168')
})

test('a block that is none is refused', () => {
  assert.throws(
    () => createClientAddresses({ trustedProxies: ['10.0.0.0.0/8'], source: 'forwarded' }),
    /10\.0\.0\.0\.0/,
  )
})
