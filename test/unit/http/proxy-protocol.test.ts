import assert from 'node:assert/strict'
import test from 'node:test'
import { parseProxyHeader } from '../../../src/http/proxy-protocol.ts'
import { fc } from '../../support/fast-check.ts'
import { binaryHeader, v4, v6 } from './proxy-header.ts'

const latin1 = (text: string) => Buffer.from(text, 'latin1')

const lines: readonly [string, string | undefined][] = [
  ['PROXY TCP4 198.51.100.1 203.0.113.7 56324 443', '198.51.100.1'],
  ['PROXY TCP4 255.255.255.255 255.255.255.255 65535 65535', '255.255.255.255'],
  ['PROXY TCP6 2001:db8::1 2001:db8::2 0 65535', '2001:db8::1'],
  [
    'PROXY TCP6 ffff:f...f:ffff ffff:f...f:ffff 65535 65535'.replaceAll('f...f', Array(6).fill('ffff').join(':')),
    `ffff${':ffff'.repeat(7)}`,
  ],
  ['PROXY UNKNOWN', undefined],
  ['PROXY UNKNOWN 2001:db8::1 2001:db8::2 56324 443', undefined],
  ['PROXY UNKNOWN whatever it takes', undefined],
]
for (const [line, source] of lines) {
  test(`${line} is a connection of ${source ?? 'nobody in particular'}`, () => {
    const bytes = latin1(`${line}\r\n`)
    assert.deepEqual(parseProxyHeader(bytes), { kind: 'header', bytes: bytes.length, source })
    assert.deepEqual(parseProxyHeader(Buffer.concat([bytes, latin1('GET / HTTP/1.1\r\n')])), {
      kind: 'header',
      bytes: bytes.length,
      source,
    })
  })
}

for (const [title, text] of [
  ['a request', 'GET / HTTP/1.1\r\n\r\n'],
  ['a word in lower case', 'proxy TCP4 198.51.100.1 203.0.113.7 1 2\r\n'],
  ['a v6 address for v4', 'PROXY TCP4 ::1 ::1 1 2\r\n'],
  ['a v4 address for v6', 'PROXY TCP6 198.51.100.1 198.51.100.1 1 2\r\n'],
  ['a name', 'PROXY TCP4 localhost 203.0.113.7 1 2\r\n'],
  ['a destination that is none', 'PROXY TCP4 198.51.100.1 x 1 2\r\n'],
  ['another family', 'PROXY UDP4 198.51.100.1 203.0.113.7 1 2\r\n'],
  ['no family', 'PROXY \r\n'],
  ['two spaces', 'PROXY TCP4  198.51.100.1 203.0.113.7 1 2\r\n'],
  ['a space at the end', 'PROXY TCP4 198.51.100.1 203.0.113.7 1 2 \r\n'],
  ['a missing port', 'PROXY TCP4 198.51.100.1 203.0.113.7 1\r\n'],
  ['a port too high', 'PROXY TCP4 198.51.100.1 203.0.113.7 1 65536\r\n'],
  ['a port with a zero in front', 'PROXY TCP4 198.51.100.1 203.0.113.7 01 2\r\n'],
  ['a negative port', 'PROXY TCP4 198.51.100.1 203.0.113.7 -1 2\r\n'],
  ['an octet with a zero in front', 'PROXY TCP4 198.051.100.1 203.0.113.7 1 2\r\n'],
  ['a line that never ends', `PROXY UNKNOWN ${'a'.repeat(200)}`],
  ['a line that ends too late', `PROXY UNKNOWN ${'a'.repeat(92)}\r\n`],
  ['a bare line feed', `PROXY UNKNOWN\n${'a'.repeat(100)}`],
] as const) {
  test(`${title} is no header of version 1`, () => {
    assert.deepEqual(parseProxyHeader(latin1(text)), { kind: 'malformed' })
  })
}

for (const [title, header, source] of [
  ['TCP over IPv4', binaryHeader(0x21, 0x11, v4('198.51.100.1')), '198.51.100.1'],
  ['TCP over IPv6', binaryHeader(0x21, 0x21, v6('20010db8000000000000000000000001')), '2001:db8:0:0:0:0:0:1'],
  [
    'TCP over IPv4, with more behind',
    binaryHeader(0x21, 0x11, v4('198.51.100.1'), Buffer.alloc(4084, 1)),
    '198.51.100.1',
  ],
  ['a UNIX socket', binaryHeader(0x21, 0x31, Buffer.alloc(216, 1)), undefined],
  ['an unspecified family', binaryHeader(0x21, 0x00), undefined],
  ['an unspecified family, with more behind', binaryHeader(0x21, 0x00, Buffer.alloc(30)), undefined],
  ['the proxy itself', binaryHeader(0x20, 0x00), undefined],
  ['the proxy itself, whatever it says of addresses', binaryHeader(0x20, 0x11, v4('198.51.100.1')), undefined],
  ['the proxy itself, of a family of its own', binaryHeader(0x20, 0xff, Buffer.alloc(5)), undefined],
] as const) {
  test(`version 2 tells of ${title}`, () => {
    const bytes = Buffer.concat([header, latin1('rest')])
    assert.deepEqual(parseProxyHeader(bytes), { kind: 'header', bytes: header.length, source })
  })
}

for (const [title, header] of [
  ['another version', binaryHeader(0x31, 0x11, v4('198.51.100.1'))],
  ['an unknown command', binaryHeader(0x22, 0x11, v4('198.51.100.1'))],
  ['an unknown family', binaryHeader(0x21, 0x41, v4('198.51.100.1'))],
  ['datagrams', binaryHeader(0x21, 0x12, v4('198.51.100.1'))],
  ['addresses cut short', binaryHeader(0x21, 0x11, Buffer.alloc(11))],
  ['more than anybody says', binaryHeader(0x21, 0x11, v4('198.51.100.1'), Buffer.alloc(4085))],
] as const) {
  test(`${title}: no header of version 2`, () => {
    assert.deepEqual(parseProxyHeader(header), { kind: 'malformed' })
    assert.deepEqual(parseProxyHeader(header.subarray(0, 16)), { kind: 'malformed' })
  })
}

test('a header that comes in pieces is incomplete until its last byte, whatever follows', () => {
  const headers = [
    ...lines.map(([line]) => latin1(`${line}\r\n`)),
    binaryHeader(0x21, 0x11, v4('198.51.100.1'), Buffer.alloc(9)),
  ]
  for (const header of headers) {
    for (let length = 0; length < header.length; length++) {
      assert.equal(parseProxyHeader(header.subarray(0, length)).kind, 'incomplete', `${length} bytes of ${header}`)
    }
  }
})

test('any bytes are a header, none, or the beginning of one, and no more than a header is waited for', () => {
  const start = fc
    .constantFrom('', 'PROXY ', 'PROXY TCP4 ', '\r\n\r\n\0\r\nQUIT\n', '\r\n\r\n\0\r\nQUIT\n\x21\x11')
    .map(latin1)
  fc.assert(
    fc.property(start, fc.uint8Array({ maxLength: 300 }), (before, after) => {
      const bytes = Buffer.concat([before, after])
      const parsed = parseProxyHeader(bytes)
      if (parsed.kind === 'header') assert.ok(parsed.bytes <= bytes.length)
      if (parsed.kind === 'incomplete') assert.ok(bytes.length < 16 + 4096)
      // What was decided stays so, however much more comes.
      if (parsed.kind !== 'incomplete')
        assert.deepEqual(parseProxyHeader(Buffer.concat([bytes, latin1('\r\n')])), parsed)
    }),
    { numRuns: 500 },
  )
})
