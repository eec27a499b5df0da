/** What became of the entries: read back from wherever they went, and held against what was asked. */
import { readFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { GetObjectCommand, ListObjectsV2Command, type S3Client } from '@aws-sdk/client-s3'
import { listBackups } from '../../src/audit/backups.ts'
import { type Asked, toldOfAgent } from './audit-traffic.ts'

/** The file at `path` and those it was rotated to, oldest first. */
export async function filesOf(path: string): Promise<readonly string[]> {
  const backups = await listBackups(path)
  return [...backups.map(({ name }) => join(dirname(path), name)).reverse(), path]
}

export async function linesOfFiles(files: readonly string[]): Promise<readonly string[]> {
  const texts = await Promise.all(files.map((file) => readFile(file, 'utf8')))
  return texts.flatMap(linesOf)
}

export interface Exported {
  readonly lines: readonly string[]
  readonly keys: readonly string[]
}

export async function exportedTo(client: S3Client, bucket: string): Promise<Exported> {
  const keys: string[] = []
  const lines: string[] = []
  for (let from: string | undefined; ; ) {
    const page = await client.send(new ListObjectsV2Command({ Bucket: bucket, ContinuationToken: from }))
    for (const { Key = '' } of page.Contents ?? []) {
      const { Body } = await client.send(new GetObjectCommand({ Bucket: bucket, Key }))
      keys.push(Key)
      lines.push(...linesOf((await Body?.transformToString()) ?? ''))
    }
    from = page.NextContinuationToken
    if (from === undefined) return { keys, lines }
  }
}

function linesOf(text: string): string[] {
  const lines = text.split('\n')
  if (lines.pop() !== '') lines.push('an entry cut short') // what comes behind the last line break
  return lines
}

export interface Judgement {
  readonly entries: number
  /** Asked for, but in no entry. */
  readonly missing: readonly Asked[]
  /** Entries that are there once more. */
  readonly repeated: number
  /** Entries that say something else than what happened, or that nobody asked for. */
  readonly wrong: readonly string[]
}

export function judge(lines: readonly string[], all: readonly Asked[]): Judgement {
  const awaited = new Map(all.map((asked) => [asked.id, asked]))
  const missing = new Set(all)
  const wrong: string[] = []
  let repeated = 0
  for (const line of lines) {
    const entry = parsed(line)
    const asked = awaited.get(String(entry?.['correlation_id']))
    if (entry === undefined || asked === undefined) wrong.push(`nobody asked for ${line}`)
    else if (!missing.delete(asked)) repeated += 1
    else wrong.push(...differences(entry, asked))
  }
  return { entries: lines.length, missing: [...missing], repeated, wrong }
}

type Entry = Readonly<Record<string, unknown>>

function parsed(line: string): Entry | undefined {
  try {
    return JSON.parse(line) as Entry
  } catch {
    return undefined // translated: what is no JSON is no entry
  }
}

/** The two clocks are one, but it is read at different moments, and in whole milliseconds. */
const slackMs = 2
/** A client may have its answer well before the proxy, when others have its core, knows that the last byte is sent. */
const learntLateMs = 1000

function differences(entry: Entry, asked: Asked): string[] {
  const { kind, id, sentAt, answeredAt, bytes, cache } = asked
  const { timestamp, duration_ms, cache_status, prev, ...rest } = entry
  const expected: Entry = {
    ...{ correlation_id: id, trace_id: null, client_ip: '127.0.0.1', user: null },
    ...kind.told,
    ...{ http_method: kind.method ?? 'GET', response_status: kind.status, response_size_bytes: bytes },
    ...{ ...toldOfAgent, error: kind.error ?? null },
  }
  const names = new Set([...Object.keys(expected), ...Object.keys(rest)])
  const found = [...names].filter((name) => expected[name] !== rest[name])
  const at = Date.parse(String(timestamp))
  if (!(at >= sentAt - slackMs && at <= answeredAt)) found.push('timestamp')
  if (!(Number(duration_ms) > 0 && Number(duration_ms) <= answeredAt - sentAt + learntLateMs)) found.push('duration_ms')
  const status = cache ?? kind.cache ?? null
  if (status === 'any' ? cache_status === null : cache_status !== status) found.push('cache_status')
  if (!/^[\da-f]{64}$/.test(String(prev))) found.push('prev')
  return found.map(
    (name) => `${kind.status} ${kind.target}: ${name} is ${entry[name]}, not ${expected[name] ?? status}`,
  )
}

/** Whether they stand next to each other in the order of `lines`, as what a server takes with it when it dies. */
export function isOnePiece(missing: readonly Asked[], lines: readonly string[]): boolean {
  const gone = new Set<unknown>(missing.map(({ id }) => id))
  const isGone = (line: string) => gone.has(parsed(line)?.['correlation_id'])
  const [first, last] = [lines.findIndex(isGone), lines.findLastIndex(isGone)]
  return gone.size === 0 || last - first + 1 === gone.size
}
