/** Recorded requests, one a line, in order, gzip or not: an object's number, or `number,bytes`. */
import { readFileSync } from 'node:fs'
import { gunzipSync } from 'node:zlib'

export interface TraceRequest {
  readonly id: number
  readonly bytes: number
}

/** `bytes`: of an object whose line does not say. */
export function readTrace(path: string, bytes: number): TraceRequest[] {
  const file = readFileSync(path)
  const lines = (path.endsWith('.gz') ? gunzipSync(file) : file).toString('latin1').split('\n')
  return lines.filter((line) => line !== '').map((line, index) => parse(line, index + 1, bytes))
}

function parse(line: string, number: number, usualBytes: number): TraceRequest {
  const [id, bytes = usualBytes] = line.split(',').map(Number)
  if (!Number.isSafeInteger(id) || id === undefined || !Number.isSafeInteger(bytes) || bytes < 0) {
    throw new Error(`line ${number}: neither "number" nor "number,bytes"`)
  }
  return { id, bytes }
}
