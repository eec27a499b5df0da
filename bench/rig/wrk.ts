/** Closed-loop load by wrk, which costs the client core less than any client of ours. It does not check bytes. */
import { join } from 'node:path'
import { benchObject } from './object-content.ts'
import type { Target } from './scenario.ts'

export interface WrkOptions {
  readonly size: number
  /** How many objects the requests walk through. */
  readonly objects: number
  readonly connections: number
  /** Whole seconds: wrk knows no others. */
  readonly seconds: number
}

export interface WrkResult {
  readonly requests: number
  readonly seconds: number
  readonly bytes: number
  readonly p50Ms: number
  readonly p99Ms: number
  readonly errors: number
}

export async function runWrk(
  { session, server }: Target,
  options: WrkOptions,
  headers: Readonly<Record<string, string>> = {},
): Promise<WrkResult> {
  const shape = ['-t', '1', '-c', String(options.connections), '-d', String(options.seconds), '--timeout', '10']
  const script = ['-s', join(import.meta.dirname, 'wrk-report.lua')]
  const fields = Object.entries(headers).flatMap(([name, value]) => ['-H', `${name}: ${value}`])
  const url = `${server.isTls ? 'https' : 'http'}://127.0.0.1:${server.port}/`
  const prefix = `/bucket/${benchObject(options.size, 1).name}`.replace(/1$/, '')
  const command = [...shape, ...script, ...fields, url, '--', prefix, String(options.objects)]
  return parseWrk(await session.run('wrk', session.cores.client, 'wrk', command))
}

/** Reads the line that wrk-report.lua writes among wrk's own words. */
export function parseWrk(output: string): WrkResult {
  const line = /^\{.*\}$/m.exec(output)?.[0]
  if (line === undefined) throw new Error(`wrk gave no result:\n${output.slice(-1_000)}`)
  const report = JSON.parse(line) as Record<
    'requests' | 'micros' | 'bytes' | 'p50Micros' | 'p99Micros' | 'errors',
    number
  >
  return {
    requests: report.requests,
    seconds: report.micros / 1e6,
    bytes: report.bytes,
    p50Ms: report.p50Micros / 1e3,
    p99Ms: report.p99Micros / 1e3,
    errors: report.errors,
  }
}
