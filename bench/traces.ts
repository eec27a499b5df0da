/**
 * How many requests of a recorded trace the memory tier would have missed, at each of the given sizes, with its own choice
 * of what to keep and with plain LRU beside it. One request a line, in order, gzip or not: an object id (each object
 * counts 1, sizes are object counts), or `id,size` (sizes are bytes of bodies, and only bodies count).
 */

import { createReadStream } from 'node:fs'
import { pipeline, type Readable } from 'node:stream'
import { parseArgs } from 'node:util'
import { createGunzip } from 'node:zlib'
import type { Etag, RecordId } from '../src/base/types.ts'
import { createMemoryTier, type Eviction, type MemoryTier } from '../src/cache/memory-tier.ts'
import type { CacheRecord } from '../src/cache/record.ts'

const usage = `usage: npm run bench:traces -- FILE[.gz] SIZE…
  FILE  one request a line: ID, or ID,BYTES
  SIZE  of the cache: objects for a trace of ids, else bytes, such as 500000, 512KiB, 5MiB, 1GiB (MB is read as MiB)`

interface Batch {
  readonly ids: readonly RecordId[]
  readonly sizes: readonly number[]
}

class Replay {
  requests = 0
  misses = 0
  bytes = 0
  missedBytes = 0
  readonly #tier: MemoryTier

  constructor(maxBytes: number, eviction: Eviction) {
    const charge = (_: RecordId, record: CacheRecord) => (record.kind === 'slice' ? Math.max(1, record.objectSize) : 1)
    const noEvents = { evicted: () => undefined }
    this.#tier = createMemoryTier({ maxBytes, maxItemBytes: Number.POSITIVE_INFINITY, eviction, charge }, noEvents)
  }

  async run({ ids, sizes }: Batch): Promise<void> {
    for (const [index, id] of ids.entries()) {
      const size = sizes[index] ?? 1
      this.requests += 1
      this.bytes += size
      if ((await this.#tier.get(id)) !== undefined) continue
      this.misses += 1
      this.missedBytes += size
      await this.#tier.put(id, { kind: 'slice', etag, objectSize: size, bytes: noBytes })
    }
  }

  ratios(): string[] {
    return [this.misses / this.requests, this.missedBytes / this.bytes].map((ratio) => ratio.toFixed(4))
  }
}

const etag = '"trace"' as Etag
const noBytes = new Uint8Array(0)

/** One batch per chunk of the file, so that a trace of any length takes the memory of one chunk and of the tiers. */
async function* readBatches(file: string): AsyncGenerator<Batch> {
  let rest = ''
  let line = 0
  for await (const chunk of openTrace(file)) {
    const lines = (rest + (chunk as Buffer).toString('latin1')).split('\n')
    rest = lines.pop() ?? ''
    yield parseBatch(lines, line)
    line += lines.length
  }
  yield parseBatch([rest], line)
}

function openTrace(file: string): Readable {
  const chunkSize = 256 * 1024
  const source = createReadStream(file, { highWaterMark: chunkSize })
  if (!file.endsWith('.gz')) return source
  return pipeline(source, createGunzip({ chunkSize }), () => undefined) // its failures reach whoever reads
}

function parseBatch(lines: readonly string[], linesBefore: number): Batch {
  const ids: RecordId[] = []
  const sizes: number[] = []
  for (const [index, line] of lines.entries()) {
    const text = line.trimEnd()
    if (text === '') continue
    const comma = text.indexOf(',')
    const size = comma === -1 ? 1 : Number(text.slice(comma + 1))
    if (!Number.isSafeInteger(size) || size < 0)
      throw new Error(`line ${linesBefore + index + 1}: not "id" or "id,size"`)
    ids.push(`trace:${comma === -1 ? text : text.slice(0, comma)}` as RecordId)
    sizes.push(size)
  }
  return { ids, sizes }
}

const units: Record<string, number> = { '': 1, k: 1024, m: 1024 ** 2, g: 1024 ** 3, t: 1024 ** 4 }

/** Undefined when the text is no size. */
function parseSize(text: string): number | undefined {
  const match = /^(\d+(?:\.\d+)?)([kmgt]?)(?:i?b)?$/i.exec(text)
  const bytes = Math.floor(Number(match?.[1]) * (units[match?.[2]?.toLowerCase() ?? ''] ?? Number.NaN))
  return bytes >= 1 ? bytes : undefined
}

async function main(): Promise<number> {
  const { positionals } = parseArgs({ allowPositionals: true })
  const [file, ...sizes] = positionals
  const maxBytes = sizes.map(parseSize).filter((size) => size !== undefined)
  if (file === undefined || sizes.length === 0 || maxBytes.length < sizes.length) {
    console.error(usage)
    return 2
  }
  const rows = maxBytes.map((max) => ({ ours: new Replay(max, 's3gd'), lru: new Replay(max, 'lru') }))
  for await (const batch of readBatches(file)) {
    for (const { ours, lru } of rows) {
      await ours.run(batch)
      await lru.run(batch)
    }
  }
  console.log(`${file}: s3gd, and plain lru beside it`)
  printTable([
    ['size', 'requests', 'object miss', 'byte miss', 'lru object miss', 'lru byte miss'],
    ...rows.map(({ ours, lru }, index) => [
      sizes[index] ?? '',
      String(ours.requests),
      ...ours.ratios(),
      ...lru.ratios(),
    ]),
  ])
  return 0
}

function printTable(rows: readonly (readonly string[])[]): void {
  const widths = rows[0]?.map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0))) ?? []
  for (const row of rows)
    console.log(`| ${row.map((cell, column) => cell.padStart(widths[column] ?? 0)).join(' | ')} |`)
}

try {
  process.exitCode = await main()
} catch (error) {
  console.error(`cannot replay: ${error instanceof Error ? error.message : error}`)
  process.exitCode = 1
}
