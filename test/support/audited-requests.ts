/** Requests as the audit is told of them. */
import { createTrace, type Trace } from '../../src/base/trace.ts'
import type { EpochMs, RequestId } from '../../src/base/types.ts'
import type { ProxyRequest, ProxyResponse, Sent } from '../../src/http/messages.ts'

export interface RequestFacts extends Partial<Omit<ProxyRequest, 'header' | 'headers'>> {
  /** By lower-case names. */
  readonly fields?: Readonly<Record<string, string>>
}

export function auditedRequest({ fields = {}, ...facts }: RequestFacts = {}): ProxyRequest {
  return {
    id: 'id-1' as RequestId,
    method: 'GET',
    host: 'h',
    path: '/img/a%20b.png',
    query: '',
    headers: Object.entries(fields).flat(),
    header: (name) => fields[name],
    clientAddress: '192.0.2.7',
    receivedAt: Date.UTC(2026, 10, 20, 10, 15, 0, 7) as EpochMs,
    hasBody: false,
    readBody: async () => new Uint8Array(),
    signal: new AbortController().signal,
    ...facts,
  }
}

export const answerOf = (status: number): ProxyResponse => ({ status, headers: [], body: { kind: 'empty' } })
export const sentWhole = (bytes: number): Sent => ({ bytes, complete: true })
export const traceOf = (facts: Partial<Trace> = {}): Trace => ({ ...createTrace(), bucket: 'img', ...facts })
