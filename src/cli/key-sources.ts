/** Object keys out of files: lists, inventories, access logs. Lines of no use are passed over and counted. */

import { createReadStream } from 'node:fs'
import { decodePath } from '../routing/routes.ts'

export interface KeySource {
  /** Each once. */
  readonly keys: readonly string[]
  /** Lines that held none. */
  readonly passed: number
}

/** S3 keys have at most 1024 bytes. */
const longestKeyBytes = 1024
/** What is kept of a line whose end has not been read yet: several times what a request with all its fields may have. */
const mostOfLine = 64 * 1024

/** One key a line; blank lines and lines that begin with `#` are nothing. `file`: `-` for standard input, as below. */
export function readKeyList(file: string): Promise<KeySource> {
  return collect(file, (line) => (line.startsWith('#') ? '' : line))
}

/** Lines as in an S3 Inventory in CSV (`"bucket","key",…`, keys percent-encoded), JSON objects with a `key`, or bare keys. */
export function readManifest(file: string): Promise<KeySource> {
  return collect(file, (line) => {
    if (line.startsWith('{')) return textIn(line, 'key')
    const [, key] = /^"(?:[^"]|"")*","((?:[^"]|"")*)"(?:,|$)/.exec(line) ?? []
    return key === undefined ? line : decoded(key.replaceAll('""', '"').replaceAll('+', ' '))
  })
}

/**
 * The keys below a path prefix that were read in an access log, most often read first: in the Common or Combined Log Format,
 * or lines of this proxy's own log or audit log.
 */
export async function readAccessLog(file: string, pathPrefix: string): Promise<KeySource> {
  const start = pathPrefix.endsWith('/') ? pathPrefix : `${pathPrefix}/`
  const counts = new Map<string, number>()
  const passed = await eachLine(file, (line) => {
    const path = decoded((line.startsWith('{') ? pathInJson(line) : pathInLogLine(line))?.split('?', 1)[0])
    const key = path?.startsWith(start) ? path.slice(start.length) : undefined
    if (!isKey(key)) return false
    counts.set(key, (counts.get(key) ?? 0) + 1)
    return true
  })
  const keys = [...counts].sort(([, some], [, other]) => other - some).map(([key]) => key)
  return { keys, passed }
}

/** `keyIn`: empty where there is none and none is missed. */
async function collect(file: string, keyIn: (line: string) => string | undefined): Promise<KeySource> {
  const keys = new Set<string>()
  const passed = await eachLine(file, (line) => {
    const key = keyIn(line)
    if (key === '') return true
    if (!isKey(key)) return false
    keys.add(key)
    return true
  })
  return { keys: [...keys], passed }
}

/** Returns how many lines were not taken. Rejects when the file cannot be read. */
async function eachLine(file: string, take: (line: string) => boolean): Promise<number> {
  let passed = 0
  const see = (bytes: string) => {
    const line = decodedLine(bytes)
    if (line === undefined || !take(line)) passed += 1
  }
  // As Latin-1 each byte is one character, so that a line is cut out before it is decoded.
  const input = file === '-' ? process.stdin.setEncoding('latin1') : createReadStream(file, 'latin1')
  let begun: string | undefined
  for await (const chunk of input as AsyncIterable<string>) {
    const lines = `${begun ?? ''}${begun === undefined ? withoutMark(chunk) : chunk}`.split('\n')
    begun = lines.pop()?.slice(0, mostOfLine)
    for (const line of lines) see(line)
  }
  if (begun) see(begun)
  return passed
}

/** A byte order mark of UTF-8, as some editors write it. */
function withoutMark(chunk: string): string {
  return chunk.startsWith('\xef\xbb\xbf') ? chunk.slice(3) : chunk
}

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

function decodedLine(bytes: string): string | undefined {
  const line = bytes.endsWith('\r') ? bytes.slice(0, -1) : bytes
  if (!/[\x80-\xff]/.test(line)) return line
  try {
    return utf8.decode(Buffer.from(line, 'latin1'))
  } catch {
    return undefined // translated: keys are UTF-8
  }
}

function pathInJson(line: string): string | undefined {
  const { method, http_method, status, response_status, path, request_path } = membersOf(line)
  if ((method ?? http_method) !== 'GET' || !isRead(Number(status ?? response_status))) return undefined
  const read = path ?? request_path
  return typeof read === 'string' ? read : undefined
}

/** Anchored, for what comes behind the request is the client's to write; quotes in it, and in a user's name, are escaped. */
function pathInLogLine(line: string): string | undefined {
  const [, path, status] = /^(?:\S+ ){3,4}\[[^\]]*\] "GET ([^\s"\\]+) HTTP\/[\d.]+" (\d{3})(?: |$)/.exec(line) ?? []
  return isRead(Number(status)) ? path : undefined
}

function isRead(status: number): boolean {
  return status === 200 || status === 206 || status === 304
}

function textIn(line: string, name: string): string | undefined {
  const value = membersOf(line)[name]
  return typeof value === 'string' ? value : undefined
}

function membersOf(line: string): Readonly<Record<string, unknown>> {
  try {
    return JSON.parse(line)
  } catch {
    return {} // translated: a line of somebody else
  }
}

function decoded(text: string | undefined): string | undefined {
  try {
    return text === undefined ? undefined : decodePath(text)
  } catch {
    return undefined // translated: a path that the proxy refuses as well
  }
}

function isKey(text: string | undefined): text is string {
  return text !== undefined && text !== '' && text.isWellFormed() && Buffer.byteLength(text) <= longestKeyBytes
}
