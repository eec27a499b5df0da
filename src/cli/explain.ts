/** `yatagarasu explain`: what would become of a request, and why. */

import { recordIn } from './admin-client.ts'
import { adminClient, adminOptions, adminOptionsHelp } from './admin-options.ts'
import { type Command, textOf, textsOf, UsageError } from './command.ts'
import { printable } from './table.ts'

const help = `yatagarasu explain PATH-OR-URL [options]

Says what the proxy would do with a request and why: route, address, limits, token, cache key,
what the tiers hold, how fresh it is. Nothing is fetched from S3, and no limit is charged.

  --as TOKEN             with this token as its bearer
  --address ADDRESS      as if it came from there
  --header 'Name: value' with this field; may be repeated
  --method METHOD        GET (default) or HEAD
${adminOptionsHelp}`

export const command: Command = {
  options: {
    ...adminOptions,
    as: { type: 'string' },
    address: { type: 'string' },
    header: { type: 'string', multiple: true },
    method: { type: 'string' },
  },
  takesWords: true,
  help,
  async run({ values, words, env, clock, write }) {
    const [url, ...more] = words
    if (url === undefined || more.length > 0) throw new UsageError('explain wants one path or URL')
    const query = new URLSearchParams({ url })
    for (const name of ['address', 'method']) {
      const value = textOf(values, name)
      if (value !== undefined) query.set(name, value)
    }
    const client = await adminClient(values, env, clock)
    try {
      const headers = explainedFields(textsOf(values, 'header'), textOf(values, 'as'))
      const reply = await client.ask({ method: 'GET', path: `/explain?${query}`, headers })
      write(values['json'] === true ? reply.text : report(recordIn(reply.body)))
      return 0
    } finally {
      await client.close()
    }
  },
}

/** The fields of the request in question travel under names of their own. */
function explainedFields(lines: readonly string[], token: string | undefined): Readonly<Record<string, string>> {
  const fields: Record<string, string> = {}
  for (const line of lines) {
    const [, name, value] = /^([!#$%&'*+.^_`|~\w-]+):\s*(.*?)\s*$/.exec(line) ?? []
    if (name === undefined || value === undefined) throw new UsageError(`--header wants 'Name: value', not '${line}'`)
    fields[`x-explain-${name.toLowerCase()}`] = value
  }
  if (token !== undefined) fields['x-explain-authorization'] = `Bearer ${token}`
  return fields
}

const labelWidth = 14

/** Whatever the answer holds, in its order: the outcome last. */
function report({ plan, status, reason, ...stages }: Readonly<Record<string, unknown>>): string {
  const lines = Object.entries(stages).map(([stage, value]) => `${stage.padEnd(labelWidth)}${shown(value)}`)
  lines.push(`${'plan'.padEnd(labelWidth)}${shown(plan)}${status === null ? '' : ` (${shown(status)})`}`)
  lines.push(`${'because'.padEnd(labelWidth)}${shown(reason)}`)
  return lines.join('\n')
}

function shown(value: unknown): string {
  if (value === null || value === undefined) return '-'
  if (typeof value !== 'object') return printable(String(value))
  if (Array.isArray(value)) return value.length === 0 ? '-' : value.map(shown).join('; ')
  return Object.entries(value)
    .map(([name, inner]) => `${name.replaceAll('_', ' ')}: ${shown(inner)}`)
    .join(', ')
}
