/** Frames of HTTP/2 (RFC 9113 §4), well-formed or not, and a client that says exactly those it is told to. */

import { once } from 'node:events'
import { connect, type TLSSocket } from 'node:tls'

export const frameType = {
  data: 0,
  headers: 1,
  reset: 3,
  settings: 4,
  ping: 6,
  goaway: 7,
  windowUpdate: 8,
  continuation: 9,
}
export const flag = { endStream: 1, endHeaders: 4, ack: 1 }

export function frame(type: number, flags: number, streamId: number, payload: Uint8Array = Buffer.alloc(0)): Buffer {
  const head = Buffer.alloc(9)
  head.writeUIntBE(payload.length, 0, 3)
  head[3] = type
  head[4] = flags
  head.writeUInt32BE(streamId, 5)
  return Buffer.concat([head, payload])
}

/** A header block without compression (RFC 7541 §6.2.2), one character a byte. */
export function headerBlock(fields: readonly string[]): Buffer {
  return Buffer.concat(
    fields.map((text, i) => Buffer.concat([i % 2 === 0 ? Buffer.of(0) : Buffer.alloc(0), literal(text)])),
  )
}

function literal(text: string): Buffer {
  const bytes = Buffer.from(text, 'latin1')
  if (bytes.length < 127) return Buffer.concat([Buffer.of(bytes.length), bytes])
  const length = [127]
  let rest = bytes.length - 127
  for (; rest >= 128; rest >>= 7) length.push((rest & 127) | 128)
  return Buffer.concat([Buffer.from([...length, rest]), bytes])
}

export const plainGet = [':method', 'GET', ':scheme', 'https', ':authority', 'a.test', ':path', '/x']

/** A request that is all there is to it; a long one goes on in CONTINUATION frames. */
export function requestFrames(streamId: number, fields: readonly string[], flags = flag.endStream): Buffer {
  const block = headerBlock(fields)
  const most = 16_384
  const frames: Buffer[] = []
  for (let at = 0; at === 0 || at < block.length; at += most) {
    const isLast = at + most >= block.length
    const type = at === 0 ? frameType.headers : frameType.continuation
    frames.push(
      frame(type, (at === 0 ? flags : 0) | (isLast ? flag.endHeaders : 0), streamId, block.subarray(at, at + most)),
    )
  }
  return Buffer.concat(frames)
}

export interface Frame {
  readonly type: number
  readonly flags: number
  readonly streamId: number
  readonly payload: Buffer
}

/** Speaks frames over TLS. */
export class FrameClient {
  readonly socket: TLSSocket
  readonly closed: Promise<unknown>
  readonly frames: Frame[] = []
  readonly #data = new Map<number, number>()
  #unread: Buffer = Buffer.alloc(0)
  #noticed = () => {}

  constructor(socket: TLSSocket) {
    this.socket = socket
    socket.on('error', () => {})
    this.closed = new Promise((resolve) => socket.once('close', resolve))
    socket.on('data', (chunk: Buffer) => {
      this.#take(Buffer.concat([this.#unread, chunk]))
      this.#noticed()
    })
    void this.closed.then(() => this.#noticed())
  }

  #take(bytes: Buffer): void {
    let at = 0
    for (let end = frameEnd(bytes, at); end <= bytes.length; end = frameEnd(bytes, at)) {
      const [type = 0, flags = 0] = bytes.subarray(at + 3)
      const streamId = bytes.readUInt32BE(at + 5)
      const payload = bytes.subarray(at + 9, end)
      if (type === frameType.data) this.#data.set(streamId, this.dataOf(streamId) + payload.length)
      this.frames.push({ type, flags, streamId, payload })
      at = end
    }
    this.#unread = bytes.subarray(at)
  }

  /** False: there is more under way than the kernel takes. */
  send(...frames: readonly Buffer[]): boolean {
    return this.socket.write(Buffer.concat(frames))
  }

  /** Bytes of data that have come on a stream. */
  dataOf(streamId: number): number {
    return this.#data.get(streamId) ?? 0
  }

  /** Resolves with the first frame that is like this; rejects when the connection ends without. */
  async until(isIt: (frame: Frame) => boolean): Promise<Frame> {
    for (;;) {
      const found = this.frames.find(isIt)
      if (found !== undefined) return found
      if (this.socket.destroyed) throw new Error('the connection ended without that frame')
      await new Promise<void>((resolve) => {
        this.#noticed = resolve
      })
    }
  }
}

/** Beyond the end of `bytes` when the frame that begins at `at` is not all there. */
function frameEnd(bytes: Buffer, at: number): number {
  return at + 9 <= bytes.length ? at + 9 + bytes.readUIntBE(at, 3) : Number.POSITIVE_INFINITY
}

/** The connection preface is said already. */
export async function openFrames(url: string): Promise<FrameClient> {
  const { hostname: host, port } = new URL(url)
  const socket = connect({ host, port: Number(port), rejectUnauthorized: false, ALPNProtocols: ['h2'] })
  await once(socket, 'secureConnect')
  const client = new FrameClient(socket)
  client.send(Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n'), frame(frameType.settings, 0, 0))
  return client
}
