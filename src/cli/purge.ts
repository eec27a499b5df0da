/** `yatagarasu purge`: forgets what is cached. */

import { type AdminAsk, recordIn } from './admin-client.ts'
import { adminClient, adminOptions, adminOptionsHelp } from './admin-options.ts'
import { type Command, textOf, UsageError, type Values } from './command.ts'
import { bytesText, countText, table } from './table.ts'

const help = `yatagarasu purge WHAT [options]

Forgets what is cached, in every tier. Whoever asks after it has succeeded gets what S3 has.

  --all                      everything
  --bucket NAME              a bucket
  --bucket NAME --key KEY    an object, with its variants and slices
  --bucket NAME --prefix P   every object whose key begins so
  --tag TAG                  every object with this tag (x-amz-meta-cache-tag, Cache-Tag,
                             Surrogate-Key, Cache-Groups); with --bucket, of that bucket
  --where JSON               a filter, such as '{"and":[{"bucket":"img"},{"size":{"gt":1000}}]}'

  --soft              take it for stale instead: it is confirmed with S3 before it is used
  --dry-run           say what would go, and leave it
  --yes               do not ask before everything goes
${adminOptionsHelp}

Exit code 0: done, also when nothing was cached. 1: not done, or not everywhere. 2: usage.`

export const command: Command = {
  options: {
    ...adminOptions,
    all: { type: 'boolean' },
    bucket: { type: 'string' },
    key: { type: 'string' },
    prefix: { type: 'string' },
    tag: { type: 'string' },
    where: { type: 'string' },
    soft: { type: 'boolean' },
    'dry-run': { type: 'boolean' },
    yes: { type: 'boolean' },
  },
  help,
  async run({ values, env, clock, write }) {
    const order = orderFrom(values)
    const client = await adminClient(values, env, clock)
    try {
      const reply = await client.ask(order)
      if (values['json'] === true) write(reply.text)
      else write(reply.status === 200 ? report(reply.body) : 'nothing of it was cached')
      return 0
    } finally {
      await client.close()
    }
  },
}

interface What {
  readonly bucket: string | undefined
  readonly key: string | undefined
  readonly prefix: string | undefined
  readonly tag: string | undefined
  readonly where: string | undefined
}

function orderFrom(values: Values): AdminAsk {
  const of = (name: string) => textOf(values, name)
  const what: What = { bucket: of('bucket'), key: of('key'), prefix: of('prefix'), tag: of('tag'), where: of('where') }
  const isAll = values['all'] === true
  expectOne(what, isAll)
  const isDry = values['dry-run'] === true
  if (isAll && !isDry && values['yes'] !== true) throw new UsageError('everything would go; say --yes if it shall')
  const where = filterOf(what) ?? (isAll && isDry ? { key: { glob: '*' } } : undefined)
  const body = { ...(where !== undefined && { where }), ...(isDry && { dry_run: true }) }
  const path = `/cache/purge${where === undefined ? pathOf(what) : ''}${values['soft'] === true ? '?soft=true' : ''}`
  return { method: 'POST', path, expects: 'NoSuchEntry', ...(Object.keys(body).length > 0 && { body }) }
}

function expectOne({ bucket, key, prefix, tag, where }: What, isAll: boolean): void {
  const whats = [isAll ? 'all' : undefined, key, prefix, tag, where].filter((what) => what !== undefined)
  if (whats.length > 1) throw new UsageError('--all, --key, --prefix, --tag and --where exclude each other')
  if (bucket !== undefined && (isAll || where !== undefined)) throw new UsageError('--all and --where exclude --bucket')
  if (bucket === undefined && (key ?? prefix) !== undefined) throw new UsageError('--key and --prefix need --bucket')
  if (bucket === undefined && whats.length === 0) throw new UsageError('purge what?')
  // Such as comes of a variable that is not set.
  if ([bucket, key, prefix, tag, where].includes('')) throw new UsageError('what is to be purged must not be empty')
}

/** Undefined: it has a path of its own. */
function filterOf({ bucket, tag, where }: What): unknown {
  if (where !== undefined) return parsedFilter(where)
  if (tag === undefined) return undefined
  return bucket === undefined ? { tag } : { and: [{ bucket }, { tag }] }
}

function parsedFilter(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    throw new UsageError('--where is no JSON') // translated
  }
}

function pathOf({ bucket, key, prefix }: What): string {
  if (bucket === undefined) return ''
  const rest = key !== undefined ? `/${key}` : prefix !== undefined ? `/${prefix}` : ''
  return `/${encoded(bucket + rest)}${prefix === undefined ? '' : '*'}`
}

/** Byte for byte, slashes as they are: a `*` of its own at the end would be a prefix. */
function encoded(text: string): string {
  return encodeURIComponent(text).replaceAll('%2F', '/').replaceAll('*', '%2A')
}

function report(body: unknown): string {
  const { purged, tiers, dry_run: isDry, soft } = recordIn(body)
  const rows = Object.entries(recordIn(tiers)).map(([tier, row]) => {
    const { entries, bytes, pending } = recordIn(row)
    return [tier, countText(Number(entries)), bytesText(Number(bytes)), pending === true ? 'more goes on behind' : '']
  })
  const { entries, bytes } = recordIn(purged)
  const verb = isDry === true ? 'would be purged' : soft === true ? 'taken for stale' : 'purged'
  const objects = `${countText(Number(entries))} ${entries === 1 ? 'object' : 'objects'}`
  const sum = `${objects} ${verb}, ${bytesText(Number(bytes))}`
  return rows.length === 0 ? sum : `${table(['tier', 'records', 'size', ''], rows)}\n\n${sum}`
}
