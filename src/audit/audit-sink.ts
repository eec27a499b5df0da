/** Where audit entries go. */

import type { EpochMs } from '../base/types.ts'

export type SinkName = 'file' | 'syslog' | 's3'

/** One entry, ready to be written. */
export interface AuditLine {
  readonly at: EpochMs
  /** For syslog: what the entry tells of. */
  readonly severity: 'info' | 'warning' | 'error'
  /** JSON, without a line break. */
  readonly text: string
  /** With a line break. Here because every sink asks for it, some more than once, and it costs more than the rest of the line. */
  readonly bytes: number
}

export interface AuditSink {
  readonly name: SinkName
  /** Never throws and never waits. A full sink drops the line, and tells of it. */
  record(line: AuditLine): void
  /** Lines that are not safe yet. */
  readonly depth: number
  /** Files are opened anew by their names, after somebody has moved them. Never rejects. */
  reopen(): Promise<void>
  /** Flushes what it can within its own limits of time. Never rejects. Lines that come later are dropped. */
  close(): Promise<void>
}

export interface SinkEvents {
  /** So many lines are where they belong. */
  written(sink: SinkName, lines: number): void
  dropped(sink: SinkName, lines: number, reason: 'queue full' | 'too long' | 'closed' | 'lost'): void
  /** Nothing can be written for now; what waits is tried again. Told for each attempt. */
  failed(sink: SinkName, error: unknown): void
}
