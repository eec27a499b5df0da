/** A reader that costs next to nothing, so that hundreds of them leave the processor to the proxy. */
import assert from 'node:assert/strict'
import { connect } from 'node:net'

const scratch = Buffer.allocUnsafe(256 * 1024)

export interface ThinOptions {
  readonly range?: { readonly start: number; readonly end: number }
  /** Called with each piece of the body and where in it the piece stands. The bytes are gone when it returns. */
  readonly piece: (bytes: Buffer, at: number) => void
}

/** Downloads to the end of the connection. Resolves with the status and the length of the body. */
export function download(url: string, { range, piece }: ThinOptions): Promise<{ status: number; length: number }> {
  const { hostname, port, pathname } = new URL(url)
  const field = range === undefined ? '' : `Range: bytes=${range.start}-${range.end - 1}\r\n`
  return new Promise((resolve, reject) => {
    let head = Buffer.alloc(0)
    let length = -1
    const take = (bytes: Buffer) => {
      if (bytes.length > 0) piece(bytes, length)
      length += bytes.length
    }
    const socket = connect({
      host: hostname,
      port: Number(port),
      onread: {
        buffer: scratch,
        callback(count) {
          const bytes = scratch.subarray(0, count)
          try {
            if (length >= 0) take(bytes)
            else {
              head = Buffer.concat([head, bytes])
              const end = head.indexOf('\r\n\r\n')
              if (end !== -1) {
                length = 0
                take(head.subarray(end + 4))
              }
            }
          } catch (error) {
            socket.destroy(error as Error) // a piece that is not what it should be
          }
          return true
        },
      },
    })
    socket.on('error', reject)
    socket.on('close', () => {
      resolve({ status: Number(head.toString('latin1', 9, 12)), length })
    })
    socket.write(`GET ${pathname} HTTP/1.1\r\nHost: a\r\n${field}Connection: close\r\n\r\n`)
  })
}

/** For `piece`: these bytes and no others. */
export function sameAs(expected: Uint8Array): ThinOptions['piece'] {
  return (bytes, at) => assert.ok(bytes.equals(expected.subarray(at, at + bytes.length)), `bytes from ${at} on differ`)
}
