/**
 * A process that audits without end, for tests that kill it.
 *
 *   node test/support/audit-writer.ts <path> <first>
 *
 * Entries tell their number, from `first` on. Prints how many are written, whenever some are.
 */
import { setImmediate as turn } from 'node:timers/promises'
import { openChain } from '../../src/audit/chain.ts'
import { FileSink } from '../../src/audit/file-sink.ts'
import { systemClock } from '../../src/base/clock.ts'

const [path = '', first = ''] = process.argv.slice(2)
const options = { path, maxFileBytes: 64 << 10, maxBackupFiles: 1e6, rotation: 'size', maxAgeMs: undefined } as const

let written = 0
const events = {
  written: (_sink: string, lines: number) => {
    written += lines
    process.stdout.write(`${written}\n`)
  },
  dropped: (_sink: string, lines: number, reason: string) => process.stderr.write(`dropped ${lines}: ${reason}\n`),
  failed: (_sink: string, error: unknown) => process.stderr.write(`${error}\n`),
}
const chain = await openChain(path)
const sink = new FileSink({ ...options, bufferBytes: 2048 }, { clock: systemClock, events })

for (let number = Number(first); ; number++) {
  const at = systemClock.now()
  const entry = `{"timestamp":"${new Date(at).toISOString()}","number":${number},"text":"${'x'.repeat(number % 400)}"}`
  const text = chain.link(entry)
  sink.record({ at, severity: 'info', text, bytes: text.length + 1 })
  if (sink.depth > 50) await turn()
}
