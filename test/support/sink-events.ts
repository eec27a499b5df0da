import type { AuditLine, SinkEvents, SinkName } from '../../src/audit/audit-sink.ts'
import type { EpochMs } from '../../src/base/types.ts'

/** What a sink told, in sums, and a way to wait until it has told enough. */
export class RecordedSinkEvents implements SinkEvents {
  writtenLines = 0
  readonly drops: { readonly lines: number; readonly reason: string }[] = []
  readonly failures: unknown[] = []
  readonly #watchers = new Set<() => void>()

  written(_sink: SinkName, lines: number): void {
    this.writtenLines += lines
    this.#notice()
  }
  dropped(_sink: SinkName, lines: number, reason: string): void {
    this.drops.push({ lines, reason })
    this.#notice()
  }
  failed(_sink: SinkName, error: unknown): void {
    this.failures.push(error)
    this.#notice()
  }

  droppedLines(reason?: string): number {
    return this.drops
      .filter((drop) => reason === undefined || drop.reason === reason)
      .reduce((sum, drop) => sum + drop.lines, 0)
  }

  async until(isEnough: () => boolean): Promise<void> {
    while (!isEnough()) await new Promise<void>((resolve) => this.#watchers.add(resolve))
  }

  untilWritten(lines: number): Promise<void> {
    return this.until(() => this.writtenLines >= lines)
  }

  untilFailed(times: number): Promise<void> {
    return this.until(() => this.failures.length >= times)
  }

  #notice(): void {
    const watchers = [...this.#watchers]
    this.#watchers.clear()
    for (const noticed of watchers) noticed()
  }
}

export function auditLine(text: string, severity: AuditLine['severity'] = 'info'): AuditLine {
  return { at: Date.UTC(2026, 10, 20, 10, 15) as EpochMs, severity, text, bytes: Buffer.byteLength(text) + 1 }
}

/** Entries that tell their own number, from `first` on. */
export function numberedLines(count: number, first = 0): readonly AuditLine[] {
  return Array.from({ length: count }, (_, index) => auditLine(JSON.stringify({ number: first + index })))
}
