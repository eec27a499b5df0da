/** Which requests are audited, and handing their entries to every sink. */

import type { Trace } from '../base/trace.ts'
import type { ProxyRequest, ProxyResponse, Sent } from '../http/messages.ts'
import { createEntryFormat } from './audit-entry.ts'
import type { AuditLine, AuditSink } from './audit-sink.ts'
import type { Chain } from './chain.ts'
import type { Redaction } from './redact.ts'

export interface AuditLogOptions {
  /** `info`: every entry; `warn`: statuses from 400 on and what administrators do; `error`: statuses from 500 on. */
  readonly level: 'info' | 'warn' | 'error'
  readonly redaction: Redaction
  /** Undefined: entries stand for themselves. */
  readonly chain: Chain | undefined
}

export interface AuditLog {
  /** To be called once for each request, at its end. Never throws and never waits. */
  readonly observe: (
    request: ProxyRequest,
    response: ProxyResponse,
    trace: Trace,
    sent: Sent,
    durationMs: number,
  ) => void
}

/**
 * Requests for a bucket's paths and administrators' calls have entries; others, such as health checks, have none. The sinks are
 * the caller's to close.
 */
export function createAuditLog(options: AuditLogOptions, sinks: readonly AuditSink[]): AuditLog {
  const { level, chain } = options
  const format = createEntryFormat(options.redaction)
  return {
    observe(request, response, trace, sent, durationMs) {
      if (trace.bucket === undefined && trace.action === undefined) return
      const severity = severityOf(response.status)
      if (level === 'error' && severity !== 'error') return
      if (level === 'warn' && severity === 'info' && trace.action === undefined) return
      const entry = format(request, response, trace, sent, durationMs)
      const text = chain === undefined ? entry : chain.link(entry)
      const line = { at: request.receivedAt, severity, text, bytes: Buffer.byteLength(text) + 1 }
      for (const sink of sinks) sink.record(line)
    },
  }
}

function severityOf(status: number): AuditLine['severity'] {
  if (status >= 500) return 'error'
  return status >= 400 ? 'warning' : 'info'
}
