/** Every setting, once. Validation, defaults, docs/configuration.md, config/schema.json and config/example.yaml come from this. */

import { type Setting, section, type ValueOf } from './setting.ts'
import { jwt } from './settings-access.ts'
import { admin } from './settings-admin.ts'
import { auditLog, webhooks } from './settings-audit.ts'
import { buckets } from './settings-buckets.ts'
import { cache } from './settings-cache.ts'
import { rateLimiting } from './settings-limits.ts'
import { observability } from './settings-observability.ts'
import { configWatch, logging, metrics, server } from './settings-server.ts'
import { warming } from './settings-warming.ts'

export const schema = section('The configuration.', {
  server,
  config_watch: configWatch,
  metrics,
  admin,
  logging,
  observability,
  audit_log: auditLog,
  webhooks,
  jwt,
  rate_limiting: rateLimiting,
  cache,
  warming,
  buckets,
})

/** What a file says, defaults filled in, before sections inherit from each other. */
export type Settings = ValueOf<typeof schema>

export interface Alias {
  /** The list whose items have both places, such as `buckets[]`; empty: the top of the file. */
  readonly holder: string
  /** The older place, seen from the holder. */
  readonly from: string
  readonly to: string
}

/** The older keys that the section at `path` of a file may hold. */
export function olderKeys(aliases: readonly Alias[], path: string): readonly string[] {
  const start = path === '' ? '' : `${path.replaceAll(/\[\d+\]/g, '[]')}.`
  const places = aliases.map(({ holder, from }) => joinPath(holder, from)).filter((place) => place.startsWith(start))
  return places.map((place) => place.slice(start.length).split(/[.[]/, 1)[0] ?? '')
}

/** Sections before single settings, so that a setting may have an older place inside a section that has one too. */
export function aliasesOf(setting: Setting, holder = '', path = ''): readonly Alias[] {
  if (setting.kind === 'list') return aliasesOf(setting.of, `${joinPath(holder, path)}[]`)
  if (setting.kind !== 'section') return []
  const fields = Object.entries(setting.fields).map(([key, field]) => ({ path: joinPath(path, key), field }))
  const own = ({ field, path: to }: (typeof fields)[number]) =>
    (field.aliases ?? []).map((from) => ({ holder, from, to }))
  return [
    ...fields.filter(({ field }) => field.kind === 'section').flatMap(own),
    ...fields.filter(({ field }) => field.kind !== 'section').flatMap(own),
    ...fields.flatMap(({ field, path: inner }) => aliasesOf(field, holder, inner)),
  ]
}

function joinPath(path: string, step: string): string {
  return path === '' || step === '' ? path + step : `${path}.${step}`
}
