/** Which requests have a log line. */

import { Glob } from '../objects/glob.ts'

export interface RequestFilterOptions {
  /** Patterns over whole paths as received. Empty: any path. */
  readonly includePaths: readonly string[]
  /** Stronger than the others. */
  readonly excludePaths: readonly string[]
  /** `404`, `5xx` or `500-504`. Empty: any status. */
  readonly statuses: readonly string[]
}

export type RequestFilter = (path: string, status: number) => boolean

/** Throws when a pattern is none. */
export function createRequestFilter({ includePaths, excludePaths, statuses }: RequestFilterOptions): RequestFilter {
  const included = includePaths.map(patternOf)
  const excluded = excludePaths.map(patternOf)
  const ranges = statuses.map(rangeOf)
  return (path, status) =>
    (ranges.length === 0 || ranges.some(([first, last]) => first <= status && status <= last)) &&
    (included.length === 0 || included.some((pattern) => pattern.matches(path))) &&
    !excluded.some((pattern) => pattern.matches(path))
}

function patternOf(text: string): Glob {
  const pattern = Glob.parse(text)
  if (pattern === undefined) throw new Error(`${text} is no pattern`)
  return pattern
}

function rangeOf(text: string): readonly [first: number, last: number] {
  const [first = '', last = first] = text.split('-')
  return [Number(first.replace('xx', '00')), Number(last.replace('xx', '99'))]
}
