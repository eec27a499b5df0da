/** Headers of the PROXY protocol's version 2, well-formed or not. */

export function binaryHeader(command: number, family: number, ...variable: readonly Uint8Array[]): Buffer {
  const rest = Buffer.concat(variable)
  const head = Buffer.from(`\r\n\r\n\0\r\nQUIT\n${String.fromCharCode(command, family)}\0\0`, 'latin1')
  head.writeUInt16BE(rest.length, 14)
  return Buffer.concat([head, rest])
}

/** Addresses and ports, with this source. */
export function v4(source: string): Buffer {
  return Buffer.from([...source.split('.').map(Number), 203, 0, 113, 7, 0, 1, 0, 2])
}

/** `source`: 32 hexadecimal digits. */
export function v6(source: string): Buffer {
  return Buffer.concat([Buffer.from(source, 'hex'), Buffer.alloc(20)])
}
