/** Every setting, once. Validation, defaults, docs/configuration.md, config/schema.json and config/example.yaml come from this. */

import { type Setting, section, type ValueOf } from './setting.ts'
import { buckets } from './settings-buckets.ts'
import { cache } from './settings-cache.ts'
import { logging, metrics, server } from './settings-server.ts'

export const schema = section('The configuration.', { server, metrics, logging, cache, buckets })

/** What a file says, defaults filled in, before sections inherit from each other. */
export type Settings = ValueOf<typeof schema>

export interface Alias {
  /** The older place. */
  readonly from: string
  readonly to: string
}

/** The older keys that a section at `path` may hold. */
export function olderKeys(aliases: readonly Alias[], path: string): readonly string[] {
  const start = path === '' ? '' : `${path}.`
  const inside = aliases.filter(({ from }) => from.startsWith(start))
  return inside.map(({ from }) => from.slice(start.length).split('.', 1)[0] ?? '')
}

/** Sections before single settings, so that a setting may have an older place inside a section that has one too. */
export function aliasesOf(setting: Setting, path = ''): readonly Alias[] {
  if (setting.kind !== 'section') return []
  const fields = Object.entries(setting.fields).map(([key, field]) => ({
    path: path === '' ? key : `${path}.${key}`,
    field,
  }))
  const own = ({ field, path: to }: (typeof fields)[number]) => (field.aliases ?? []).map((from) => ({ from, to }))
  return [
    ...fields.filter(({ field }) => field.kind === 'section').flatMap(own),
    ...fields.filter(({ field }) => field.kind !== 'section').flatMap(own),
    ...fields.flatMap(({ field, path: inner }) => aliasesOf(field, inner)),
  ]
}
