/** The PROXY protocol, versions 1 and 2 (https://www.haproxy.org/download/3.2/doc/proxy-protocol.txt), from bytes to an address. */

import { isIPv4, isIPv6 } from 'node:net'

export type ProxyHeader =
  /** So far it could become a header. */
  | { readonly kind: 'incomplete' }
  | { readonly kind: 'malformed' }
  /** `source`: undefined when the proxy speaks for itself, or for somebody without an internet address. */
  | { readonly kind: 'header'; readonly bytes: number; readonly source: string | undefined }

const incomplete: ProxyHeader = { kind: 'incomplete' }
const malformed: ProxyHeader = { kind: 'malformed' }

/** §2.1: "a 108-byte buffer is always enough to store all the line and a trailing zero". */
const maxLineBytes = 107
const lineStart = Buffer.from('PROXY ')
const signature = Buffer.from('\r\n\r\n\0\r\nQUIT\n', 'latin1')
const fixedBytes = 16
/** For addresses and TLVs together. The longest TLV in use, a client certificate's name, takes a few hundred. */
const maxVariableBytes = 4096

/** Nothing is read past the header's end. `malformed` is told as soon as it is certain. */
export function parseProxyHeader(bytes: Uint8Array): ProxyHeader {
  if (startsLike(bytes, signature)) return bytes.length < fixedBytes ? incomplete : parseBinary(bytes)
  return startsLike(bytes, lineStart) ? parseLine(bytes) : malformed
}

/** The first bytes of both are the same, as far as they go. */
function startsLike(bytes: Uint8Array, start: Uint8Array): boolean {
  const length = Math.min(bytes.length, start.length)
  for (let i = 0; i < length; i++) if (bytes[i] !== start[i]) return false
  return true
}

function parseLine(bytes: Uint8Array): ProxyHeader {
  const line = Buffer.from(bytes.buffer, bytes.byteOffset, Math.min(bytes.length, maxLineBytes)).toString('latin1')
  const end = line.indexOf('\r\n')
  if (end === -1) return bytes.length < maxLineBytes ? incomplete : malformed
  const [, family, source = '', destination = '', ...ports] = line.slice(0, end).split(' ')
  if (family === 'UNKNOWN') return { kind: 'header', bytes: end + 2, source: undefined }
  const isAddress = family === 'TCP4' ? isIPv4 : family === 'TCP6' ? isIPv6 : () => false
  const isSound = isAddress(source) && isAddress(destination) && ports.length === 2 && ports.every(isPort)
  return isSound ? { kind: 'header', bytes: end + 2, source } : malformed
}

function isPort(text: string): boolean {
  return /^(?:0|[1-9]\d{0,4})$/.test(text) && Number(text) <= 65_535
}

const local = 0x20
const proxied = 0x21
/** By family and transport: how many bytes its addresses and ports take, and those of the source address among them. */
const layouts: ReadonlyMap<number, { readonly bytes: number; readonly addressBytes: number }> = new Map([
  [0x00, { bytes: 0, addressBytes: 0 }], // unspecified
  [0x11, { bytes: 12, addressBytes: 4 }],
  [0x21, { bytes: 36, addressBytes: 16 }],
  [0x31, { bytes: 216, addressBytes: 0 }], // a UNIX socket
])

function parseBinary(bytes: Uint8Array): ProxyHeader {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const command = view.getUint8(12)
  const variableBytes = view.getUint16(14)
  if ((command !== local && command !== proxied) || variableBytes > maxVariableBytes) return malformed
  const layout = layouts.get(view.getUint8(13))
  // §2.2, LOCAL: "the receiver must accept this connection as valid and must use the real connection endpoints"
  if (command === proxied && (layout === undefined || variableBytes < layout.bytes)) return malformed
  const end = fixedBytes + variableBytes
  if (bytes.length < end) return incomplete
  const addressBytes = command === local ? 0 : (layout?.addressBytes ?? 0)
  const source = addressText(bytes.subarray(fixedBytes, fixedBytes + addressBytes))
  return { kind: 'header', bytes: end, source }
}

function addressText(address: Uint8Array): string | undefined {
  if (address.length === 0) return undefined
  if (address.length === 4) return address.join('.')
  const groups: string[] = []
  for (let i = 0; i < 16; i += 2) groups.push((((address[i] ?? 0) << 8) | (address[i + 1] ?? 0)).toString(16))
  return groups.join(':')
}
