import assert from 'node:assert/strict'
import { rm } from 'node:fs/promises'
import { test } from 'node:test'
import { advanceUntil } from '../../support/advance-until.ts'
import { fc } from '../../support/fast-check.ts'
import { FaultyFileSystem } from '../../support/faulty-file-system.ts'
import { auditLine } from '../../support/sink-events.ts'
import { type Rig, startSink } from './file-rig.ts'

type Step = { readonly texts: readonly string[] } | { readonly ms: number } | { readonly reopens: true }

const texts = fc.array(fc.string({ unit: 'grapheme', maxLength: 30 }), { maxLength: 8 })
const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 6, arbitrary: fc.record({ texts }) },
  { weight: 3, arbitrary: fc.record({ ms: fc.constantFrom(10, 400, 1000, 3000) }) },
  { weight: 1, arbitrary: fc.constant({ reopens: true } as const) },
)

/** Does as told; the lines that were not told as dropped. */
async function take({ sink, events, clock }: Rig, steps: readonly Step[]): Promise<readonly string[]> {
  const kept: string[] = []
  const record = (text: string) => {
    const dropped = events.droppedLines()
    const line = JSON.stringify([kept.length, text])
    sink.record(auditLine(line))
    if (events.droppedLines() === dropped) kept.push(line)
  }
  for (const next of steps) {
    if ('texts' in next) next.texts.forEach(record)
    else if ('ms' in next) await clock.advance(next.ms)
    else void sink.reopen()
  }
  return kept
}

/** The lines of all files, oldest first. */
async function allLines(rig: Rig): Promise<readonly string[]> {
  const backups = (await rig.names()).flatMap((name) => {
    const [, stamp, ordinal = '0'] = /^audit\.log\.(.*Z)(?:-(\d+))?$/.exec(name) ?? []
    return stamp === undefined ? [] : { name, stamp, ordinal: Number(ordinal) }
  })
  backups.sort((one, other) => one.stamp.localeCompare(other.stamp) || one.ordinal - other.ordinal)
  const names = [...backups.map(({ name }) => name), 'audit.log']
  return (await Promise.all(names.map((name) => rig.lines(name)))).flat()
}

const often = fc.infiniteStream(fc.integer({ min: 0, max: 3 }))
const portions = fc.infiniteStream(fc.integer({ min: 1, max: 60 }))
const bounds = { maxLines: 30, maxBytes: 1000 }

test('whatever fails and however often, files hold the lines in order, none twice, less those told as dropped', async (t) => {
  const property = fc.asyncProperty(
    fc.array(step, { maxLength: 30 }),
    often,
    portions,
    async (steps, chance, portion) => {
      const files = new FaultyFileSystem()
      files.fails = () => chance.next().value === 0
      files.takes = (bytes) => Math.min(bytes, portion.next().value ?? bytes)
      const rig = await startSink(t, { files, bounds, bufferBytes: 60, maxFileBytes: 150, maxBackupFiles: 1e6 })
      const kept = await take(rig, steps)
      files.fails = () => false
      await advanceUntil(rig.clock, rig.events.untilWritten(kept.length), 1000)
      await rig.sink.close()

      const lines = await allLines(rig)
      const isKept = (line: string) => kept.includes(line)
      assert.deepEqual(lines.filter(isKept), kept)
      // The file was opened anew in the middle of a line.
      const parts = lines.filter((line) => !isKept(line))
      assert.ok(parts.length === 0 || steps.some((next) => 'reopens' in next), parts.join('\n'))
      for (const part of parts) assert.ok(kept.some((line) => line.startsWith(part)) || part.includes('\ufffd'), part)
      assert.equal(rig.events.writtenLines, kept.length)
      assert.ok(files.mostWritesAtOnce <= 1)
      await rm(rig.folder, { recursive: true })
    },
  )
  await fc.assert(property, { numRuns: 60 })
})
