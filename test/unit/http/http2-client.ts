/** Listeners with TLS, and a client of HTTP/2 that tells all that it gets. */

import { type ClientHttp2Session, type ClientHttp2Stream, connect, type OutgoingHttpHeaders } from 'node:http2'
import { after, type TestContext } from 'node:test'
import type { Handler } from '../../../src/http/messages.ts'
import { type Certificate, makeCertificateFor } from '../../support/certificates.ts'
import { type FrameClient, openFrames } from '../../support/http2-frames.ts'
import { type Rig, type RigOptions, startListener } from './rig.ts'

let made: Promise<Certificate> | undefined

/** One for each test file. */
export function certificateOfFile(): Promise<Certificate> {
  made ??= makeCertificateFor({ after }, ['a.test'])
  return made
}

export async function startTlsListener(t: TestContext, handle: Handler, options: RigOptions = {}): Promise<Rig> {
  const tls = { minVersion: 'TLSv1.2', certificates: [await certificateOfFile()] } as const
  return startListener(t, handle, { tls, ...options })
}

export interface StreamAnswer {
  readonly status: number
  /** As they were sent, pseudo-header fields included. */
  readonly headers: readonly string[]
  header(name: string): string | undefined
  readonly body: Buffer
  /** Of RST_STREAM; 0 when the stream ended by itself. */
  readonly reset: number
}

export class Http2Client {
  readonly session: ClientHttp2Session
  readonly goaways: number[] = []

  constructor(url: string) {
    this.session = connect(url, {
      rejectUnauthorized: false,
      servername: 'a.test',
      strictSingleValueFields: false,
    } as object)
    this.session.on('error', () => {})
    this.session.on('goaway', (code) => this.goaways.push(code))
  }

  open(headers: OutgoingHttpHeaders | readonly string[], options: { endStream?: boolean } = {}): ClientHttp2Stream {
    const stream = this.session.request(headers as OutgoingHttpHeaders, options)
    stream.on('error', () => {}) // 'close' follows, with the code
    return stream
  }

  async get(path: string, headers: OutgoingHttpHeaders = {}): Promise<StreamAnswer> {
    return read(this.open({ ':path': path, ':authority': 'a.test', ...headers }))
  }
}

/** Resolves when the stream is closed, whatever came of it. */
export async function read(stream: ClientHttp2Stream): Promise<StreamAnswer> {
  const chunks: Buffer[] = []
  let headers: readonly string[] = []
  stream.on('response', (_headers, _flags, section) => {
    headers = section
  })
  stream.on('data', (chunk: Buffer) => chunks.push(chunk))
  if (!stream.destroyed) await new Promise((resolve) => stream.once('close', resolve))
  const header = (name: string) => {
    const values = headers.filter((_, i) => i % 2 === 1 && headers[i - 1] === name)
    return values.length === 0 ? undefined : values.join(', ')
  }
  return { status: Number(header(':status')), headers, header, body: Buffer.concat(chunks), reset: stream.rstCode }
}

export async function startHttp2(t: TestContext, handle: Handler, options: RigOptions = {}) {
  const rig = await startTlsListener(t, handle, options)
  const client = new Http2Client(rig.url)
  rig.atEnd(() => client.session.destroy())
  return { ...rig, client }
}

export async function connectFrames(rig: Rig): Promise<FrameClient> {
  const client = await openFrames(rig.url)
  rig.atEnd(() => client.socket.destroy())
  return client
}
