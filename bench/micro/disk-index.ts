/**
 * What the disk tier's index costs at so many records (1,000,000 unless said otherwise): memory per record with and
 * without key text, heap and external after garbage collection; the most while it grew; single operations; the longest
 * that one `set` holds up the process; and how long a snapshot takes, to take, write and restore.
 *
 *   node bench/micro/disk-index.ts [RECORDS]
 */

import { closeSync, mkdtempSync, openSync, readSync, rmSync, statSync, writeSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import type { RecordId } from '../../src/base/types.ts'
import type { TaggedEntry } from '../../src/cache/disk-entry.ts'
import { DiskIndex } from '../../src/cache/disk-index.ts'
import { DiskIndexRestorer } from '../../src/cache/disk-index-restorer.ts'
import { digestOf } from '../../src/cache/record-digest.ts'

setFlagsFromString('--expose-gc')
const collectGarbage = runInNewContext('gc') as () => void

const records = Number(process.argv[2] ?? 1_000_000)
const options = { maxBytes: records * 8192, onEvict: () => undefined }
const idAt = (index: number) => `media:films/2026/${index}/poster-${(index * 7919) % 1000}.jpg` as RecordId
const entryAt = (index: number): TaggedEntry => ({
  id: idAt(index),
  bytes: 4096 * (1 + (index % 2)),
  headBytes: 300,
  bodyBytes: 1024,
  uselessAfterS: 2_000_000_000,
  tags: [],
})

/** In use after garbage collection; with `resident`, what the process takes of the machine. */
function memory(): { readonly used: number; readonly resident: number } {
  collectGarbage()
  const { heapUsed, external, rss } = process.memoryUsage()
  return { used: heapUsed + external, resident: rss }
}

function timed<T>(name: string, act: () => T, times = 1): T {
  const start = performance.now()
  const result = act()
  const ms = performance.now() - start
  console.log(times === 1 ? `${name}: ${ms.toFixed(0)} ms` : `${name}: ${((ms / times) * 1e6).toFixed(0)} ns`)
  return result
}

function fill(index: DiskIndex): void {
  let longestMs = 0
  let mostUsed = 0
  for (let at = 0; at < records; at++) {
    const start = performance.now()
    index.set(entryAt(at))
    const ms = performance.now() - start
    if (ms > longestMs) longestMs = ms
    if (ms < 5) continue
    const { heapUsed, external } = process.memoryUsage()
    mostUsed = Math.max(mostUsed, heapUsed + external)
  }
  const mostPerRecord = (mostUsed - before.used) / records
  console.log(
    `longest set: ${longestMs.toFixed(0)} ms; most right after growing: ${mostPerRecord.toFixed(0)} bytes a record`,
  )
}

function restoreFrom(file: string): DiskIndex | undefined {
  const length = statSync(file).size
  const restorer = new DiskIndexRestorer(length, options)
  const descriptor = openSync(file, 'r')
  const piece = Buffer.alloc(2 ** 20)
  for (let read = readSync(descriptor, piece); read > 0; read = readSync(descriptor, piece)) {
    restorer.push(piece.subarray(0, read))
  }
  closeSync(descriptor)
  return restorer.finish()
}

function write(chunks: Iterable<Uint8Array>, file: string): void {
  const descriptor = openSync(file, 'w')
  for (const chunk of chunks) writeSync(descriptor, chunk)
  closeSync(descriptor)
}

for (let at = 0; at < 1000; at++) digestOf(idAt(at))
const before = memory()
const index = new DiskIndex(options)
timed('fill', () => fill(index))
const after = memory()
let texts = 0
for (let at = 0; at < records; at++) texts += Buffer.byteLength(idAt(at))
const perRecord = (after.used - before.used) / records
console.log(`records: ${index.size}, key text ${(texts / records).toFixed(1)} bytes a record`)
console.log(
  `memory: ${perRecord.toFixed(1)} bytes a record, ${(perRecord - texts / records).toFixed(1)} without key text`,
)
console.log(`resident: ${((after.resident - before.resident) / records).toFixed(1)} bytes a record`)

const some = Array.from({ length: 100_000 }, (_, at) => idAt((at * 7919) % records))
const digests = some.map((id) => digestOf(id))
const unknown = some.map((id) => `${id}:q=none` as RecordId)
const unknownDigests = unknown.map((id) => digestOf(id))
function forEach(ids: readonly RecordId[], act: (id: RecordId, at: number) => unknown): () => void {
  return () => {
    for (const [at, id] of ids.entries()) act(id, at)
  }
}
timed('digest', forEach(some, digestOf), some.length)
timed(
  'get',
  forEach(some, (id) => index.get(id)),
  some.length,
)
timed(
  'get, digest at hand',
  forEach(some, (id, at) => index.get(id, digests[at])),
  some.length,
)
timed(
  'get of nothing, digest at hand',
  forEach(unknown, (id, at) => index.get(id, unknownDigests[at])),
  some.length,
)
timed('order by prefix', () => index.idsByPrefix(12))

const folder = mkdtempSync(join(tmpdir(), 'disk-index-'))
const file = join(folder, 'index')
try {
  const chunks = timed('snapshot, to take', () => index.snapshot())
  timed('snapshot, to write', () => write(chunks, file))
  console.log(`snapshot: ${(statSync(file).size / records).toFixed(1)} bytes a record`)
  const restored = timed('snapshot, to restore', () => restoreFrom(file))
  if (restored?.size !== index.size) throw new Error('what was restored is not what was written')
} finally {
  rmSync(folder, { recursive: true })
}

const batch = Math.round(records / 10)
timed(
  'set with eviction',
  () => {
    for (let at = records; at < records + batch; at++) {
      index.makeRoom(8192)
      index.set(entryAt(at))
    }
  },
  batch,
)
