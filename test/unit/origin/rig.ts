/** An S3 origin under test, whoever it asks, and what it told. */

import type { TestContext } from 'node:test'
import type { BreakerState } from '../../../src/base/breaker.ts'
import { systemClock } from '../../../src/base/clock.ts'
import type { TimeoutKind } from '../../../src/base/errors.ts'
import { withoutFields } from '../../../src/base/header-list.ts'
import type { HeaderList } from '../../../src/base/types.ts'
import type { ObjectRef, Origin, OriginAnswer, OriginEvents, OriginQuery } from '../../../src/origin/origin.ts'
import { createS3Origin, type S3OriginOptions, type S3OriginPorts } from '../../../src/origin/s3-origin.ts'

export class RecordedEvents implements OriginEvents {
  readonly answers: (number | 'error')[] = []
  /** The replicas those came from. */
  readonly answeredBy: string[] = []
  /** Of exchanges that had no answer. */
  readonly failures: unknown[] = []
  readonly retries: string[] = []
  readonly waitsMs: number[] = []
  readonly timeouts: TimeoutKind[] = []
  /** `replica state`, as it changed. */
  readonly breakers: string[] = []
  failovers = 0
  receivedBytes = 0

  answered(_bucket: string, replica: string, status: number | 'error'): void {
    this.answers.push(status)
    this.answeredBy.push(replica)
  }
  unanswered(_bucket: string, _replica: string, error: unknown): void {
    this.failures.push(error)
  }
  received(_bucket: string, bytes: number): void {
    this.receivedBytes += bytes
  }
  timedOut(_bucket: string, kind: TimeoutKind): void {
    this.timeouts.push(kind)
  }
  retried(_bucket: string, outcome: Parameters<OriginEvents['retried']>[1]): void {
    this.retries.push(outcome)
  }
  failedOver(): void {
    this.failovers++
  }
  breakerChanged(_bucket: string, replica: string, state: BreakerState): void {
    this.breakers.push(`${replica} ${state}`)
  }
  waited(_bucket: string, ms: number): void {
    this.waitsMs.push(ms)
  }
}

export const plainOptions: S3OriginOptions = {
  bucketName: 'films',
  replica: '',
  bucket: 'bucket',
  region: 'us-east-1',
  credentials: { kind: 'anonymous' },
  forcePathStyle: true,
  connections: 4,
  timeoutMs: 20_000,
}

export function originAt(
  t: TestContext,
  endpoint: string,
  options: Partial<S3OriginOptions> = {},
  ports: Partial<S3OriginPorts> = {},
): { readonly origin: Origin; readonly events: RecordedEvents } {
  const events = new RecordedEvents()
  const origin = createS3Origin({ ...plainOptions, endpoint, ...options }, { clock: systemClock, events, ...ports })
  t.after(() => origin.close())
  return { origin, events }
}

export const refTo = (key: string, query = ''): ObjectRef => ({ bucket: 'films', key, query })

/** A plain GET of `a`, but for what is said. */
export function ask(origin: Origin, query: Partial<OriginQuery> = {}, ref = refTo('a')): Promise<OriginAnswer> {
  return origin.ask(ref, { method: 'GET', signal: new AbortController().signal, ...query })
}

export type ObjectAnswer = Extract<OriginAnswer, { kind: 'object' }>

export async function askForObject(
  origin: Origin,
  query: Partial<OriginQuery> = {},
  ref = refTo('a'),
): Promise<ObjectAnswer> {
  const answer = await ask(origin, query, ref)
  if (answer.kind !== 'object') throw new Error(`the origin answered '${answer.kind}'`)
  return answer
}

export async function bytesOf(body: AsyncIterable<Uint8Array>): Promise<Buffer> {
  const chunks: Uint8Array[] = []
  for await (const chunk of body) chunks.push(chunk)
  return Buffer.concat(chunks)
}

export async function textOf(body: AsyncIterable<Uint8Array>): Promise<string> {
  return (await bytesOf(body)).toString('latin1')
}

/** What `assert.rejects` compares: the code, whatever the message. */
export const failsWith = (code: string) => ({ name: 'ProxyError', code })
export const timesOut = (timeout: TimeoutKind) => ({ ...failsWith('OriginTimeout'), timeout })

/** An HTTP/1.1 answer; Content-Length is the body's unless the fields say otherwise. */
export function answer(status: number, fields: readonly string[] = [], body = ''): string {
  const framed = fields.some((field) => /^(content-length|transfer-encoding|connection: close)/i.test(field))
  const lines = framed ? fields : [...fields, `Content-Length: ${body.length}`]
  return `${[`HTTP/1.1 ${status} Whatever`, ...lines].join('\r\n')}\r\n\r\n${body}`
}

export function s3Error(status: number, code: string, extra = '', fields: readonly string[] = []): string {
  const xml = `<?xml version="1.0" encoding="UTF-8"?>\n<Error><Code>${code}</Code><Message>m</Message>${extra}</Error>`
  return answer(status, ['Content-Type: application/xml', 'x-amz-request-id: 1', ...fields], xml)
}

/** All but Date, which the origin under test adds where it is missing. */
export const undated = (headers: HeaderList) => withoutFields(headers, (name) => name === 'date')

/** The values of a field in a flat list or a raw head. */
export function valuesOf(headers: HeaderList, name: string): string[] {
  return headers.filter((_, index) => index % 2 === 1 && headers[index - 1]?.toLowerCase() === name)
}
