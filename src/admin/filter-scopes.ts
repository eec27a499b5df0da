/** What of a filter the cache can find without looking at every entry, and the buckets that it stays in. */

import { CacheKey } from '../cache/cache-key.ts'
import type { Scope } from '../cache/scope.ts'
import type { EntryFilter } from '../objects/entry-filter.ts'

/** Each scope is written down by itself. */
const maxScopes = 1000

/** Scopes that together cover just what the filter selects, in flight or stored. Undefined: there are none such. */
export function scopesOf(filter: EntryFilter): readonly Scope[] | undefined {
  const scopes = filter.kind === 'or' ? union(filter.filters) : conjunction(filter)
  return scopes !== undefined && scopes.length <= maxScopes ? scopes : undefined
}

function union(filters: readonly EntryFilter[]): readonly Scope[] | undefined {
  const all: Scope[] = []
  for (const filter of filters) {
    const scopes = scopesOf(filter)
    if (scopes === undefined) return undefined
    all.push(...scopes)
  }
  return all
}

/** Buckets alone; or one condition on keys in named buckets; or one on tags, in named buckets or in all. */
function conjunction(filter: EntryFilter): readonly Scope[] | undefined {
  const parts = partsOf(filter)
  const buckets = intersection(parts.map(namedBuckets))
  const [condition, another] = parts.filter((part) => namedBuckets(part) === undefined)
  if (another !== undefined) return undefined
  if (condition === undefined) return buckets?.map((bucket): Scope => ({ kind: 'bucket', bucket }))
  if (condition.kind !== 'text') return undefined
  const { field, test } = condition
  if (field === 'tag' && test.kind === 'in') return across(buckets ?? [undefined], test.values, tagScope)
  if (field !== 'key' || buckets === undefined) return undefined
  if (test.kind === 'in') return across(buckets, test.values, objectScope)
  const { isPlain, isPrefix, start } = test.glob
  if (isPlain) return across(buckets, new Set([start]), objectScope)
  return isPrefix ? across(buckets, new Set([start]), prefixScope) : undefined
}

function across<Bucket>(
  buckets: readonly Bucket[],
  values: ReadonlySet<string>,
  scope: (bucket: Bucket, value: string) => Scope,
): readonly Scope[] | undefined {
  if (buckets.length * values.size > maxScopes) return undefined
  return buckets.flatMap((bucket) => [...values].map((value) => scope(bucket, value)))
}

export const objectScope = (bucket: string, key: string): Scope => ({
  kind: 'object',
  id: new CacheKey(bucket, key).id,
})

export const prefixScope = (bucket: string, start: string): Scope => ({
  kind: 'prefix',
  start: CacheKey.start(bucket, start),
})

const tagScope = (bucket: string | undefined, tag: string): Scope => ({ kind: 'tag', bucket, tag })

/** Nothing outside them is selected. Undefined: anything may be. */
export function bucketsOf(filter: EntryFilter): readonly string[] | undefined {
  if (filter.kind === 'and') return intersection(filter.filters.map(bucketsOf))
  if (filter.kind !== 'or') return namedBuckets(filter)
  const all = new Set<string>()
  for (const each of filter.filters) {
    const buckets = bucketsOf(each)
    if (buckets === undefined) return undefined
    for (const bucket of buckets) all.add(bucket)
  }
  return [...all]
}

function namedBuckets(filter: EntryFilter): readonly string[] | undefined {
  const isNamed = filter.kind === 'text' && filter.field === 'bucket' && filter.test.kind === 'in'
  return isNamed ? [...filter.test.values] : undefined
}

/** Of those that are lists; undefined when none is. */
function intersection(lists: readonly (readonly string[] | undefined)[]): readonly string[] | undefined {
  let common: ReadonlySet<string> | undefined
  for (const list of lists) {
    if (list !== undefined) common = common === undefined ? new Set(list) : common.intersection(new Set(list))
  }
  return common && [...common]
}

/** All have to hold, at whatever depth they were written. */
function partsOf(filter: EntryFilter): readonly EntryFilter[] {
  return filter.kind === 'and' ? filter.filters.flatMap(partsOf) : [filter]
}
