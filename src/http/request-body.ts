/** Reading what follows a request head: bounded in bytes and in time. */

import type { Readable } from 'node:stream'
import type { Clock } from '../base/clock.ts'
import { Abandoned, ProxyError } from '../base/errors.ts'

export interface BodyPorts {
  readonly clock: Clock
  /** For all of it to come, from when somebody asks for it. */
  readonly requestTimeoutMs: number
}

export interface BodySource {
  readonly stream: Readable
  /** Bytes, as the head declares them. Undefined: it ends where it ends. */
  readonly length: number | undefined
  readonly signal: AbortSignal
  /** Asked once the stream has ended: node ends it, too, when the client gives up half-way. */
  isWhole(): boolean
  /** Somebody reads on: a client that waits for a 100 (Continue) gets it (RFC 9110 §10.1.1). */
  invite(): void
  /** `told`: called when what comes turns out to be no body. The returned function ends that. */
  watch(told: (error: ProxyError) => void): () => void
  /** What is left of it is not wanted. */
  giveUp(): void
}

/** Rejects with `RequestBodyNotAllowed`, `RequestTimeout`, `Abandoned`, or `InvalidRequest` where its framing is broken. */
export async function readBody(source: BodySource, maxBytes: number, ports: BodyPorts): Promise<Uint8Array> {
  source.signal.throwIfAborted()
  try {
    // A declared length is judged before anybody is invited to send so much.
    if ((source.length ?? 0) > maxBytes) throw tooLarge(maxBytes)
    source.invite()
    return await collect(source, maxBytes, ports)
  } catch (error) {
    source.giveUp() // cleaned up whatever went wrong
    throw error
  }
}

function collect(source: BodySource, maxBytes: number, ports: BodyPorts): Promise<Uint8Array> {
  const { stream, signal } = source
  const { promise, resolve, reject } = Promise.withResolvers<Uint8Array>()
  const chunks: Uint8Array[] = []
  let bytes = 0
  const take = (chunk: Uint8Array) => {
    bytes += chunk.length
    if (bytes > maxBytes) reject(tooLarge(maxBytes))
    else chunks.push(chunk)
  }
  const gone = () => reject(new Abandoned('the client is gone'))
  const end = () => (source.isWhole() ? resolve(Buffer.concat(chunks, bytes)) : gone())
  const cancelAlarm = ports.clock.alarm(ports.requestTimeoutMs, () => {
    reject(new ProxyError('RequestTimeout', `a request body took over ${ports.requestTimeoutMs} ms`))
  })
  const endWatch = source.watch(reject)
  stream.on('data', take).on('end', end).on('error', gone).on('close', gone)
  signal.addEventListener('abort', gone, { once: true })
  if (stream.readableEnded) end() // HTTP/2 streams without a byte end unasked, before somebody listens
  return promise.finally(() => {
    cancelAlarm()
    endWatch()
    stream.off('data', take).off('end', end).off('close', gone)
    // The listener for errors stays: a stream that breaks later must not bring the process down.
    signal.removeEventListener('abort', gone)
  })
}

function tooLarge(maxBytes: number): ProxyError {
  return new ProxyError('RequestBodyNotAllowed', `a request body over ${maxBytes} bytes`)
}
