/** One call of the administration, and what answers it. */

import type { EpochMs } from '../base/types.ts'
import type { ProxyRequest, ProxyResponse } from '../http/messages.ts'
import { decodePath } from '../routing/routes.ts'
import type { Administrator } from './gate.ts'

export interface AdminCall {
  readonly request: ProxyRequest
  readonly administrator: Administrator
  /** What follows the resource's path, as it was sent. */
  readonly rest: string
  /** For the audit, beside what was noted before: without secrets. */
  note(parameters: Readonly<Record<string, unknown>>): void
}

export interface Action {
  /** For the audit. A closed set of words. */
  readonly name: string
  run(call: AdminCall): Promise<ProxyResponse>
}

export interface Resource {
  /** Ends with `/` where it stands for all that is below it. */
  readonly path: string
  /** By method; HEAD is that of GET. */
  readonly actions: ReadonlyMap<string, Action>
  /** Throws `ClaimDenied`. Told before method, query and body are looked at; what those ask for is judged later. */
  expect(administrator: Administrator, rest: string): void
}

/** A resource of one method. */
export function only(method: string, name: string, run: Action['run']): ReadonlyMap<string, Action> {
  return new Map([[method, { name, run }]])
}

/** For what an administrator of some bucket may ask about it: the call itself knows which one. */
export const someBucket = () => {}

export const everything = (administrator: Administrator) => administrator.expectEverything()

/** For resources whose path goes on with a bucket's name and no further. Throws `InvalidPath`. */
export function ofBucket(administrator: Administrator, rest: string): void {
  administrator.expectBuckets([decodedRest(rest)])
}

/** Throws `InvalidPath`. */
export function decodedRest(rest: string): string {
  return decodePath(`/${rest}`).slice(1)
}

/** RFC 3339. Null: never, or beyond what dates can say. */
export function timeOf(ms: EpochMs | undefined): string | null {
  const date = new Date(ms ?? Number.NaN)
  return Number.isNaN(date.getTime()) ? null : date.toISOString()
}

/** A page about this moment. */
export function page(status: number, value: unknown, fields: readonly string[] = []): ProxyResponse {
  const bytes = Buffer.from(JSON.stringify(value))
  const headers = ['Content-Type', 'application/json', 'Content-Length', `${bytes.length}`, 'Cache-Control', 'no-store']
  headers.push('X-Content-Type-Options', 'nosniff', 'Content-Security-Policy', "default-src 'none'", ...fields)
  return { status, headers, body: { kind: 'bytes', bytes } }
}
