/** Rules within and between the places of a request where a token may be. */

import type { TokenSource } from '../access/token-sources.ts'
import { cookieName, headerName, queryName } from './formats.ts'
import type { Report } from './problem.ts'
import type { Settings } from './schema.ts'

type SourceSettings = Settings['jwt']['token_sources'][number]

const kinds = {
  bearer_header: 'bearer',
  bearer: 'bearer',
  header: 'header',
  query_param: 'query',
  query: 'query',
  cookie: 'cookie',
} as const satisfies Record<SourceSettings['type'], TokenSource['kind']>

const nameFormats = { header: headerName, query: queryName, cookie: cookieName } as const

export function tokenSourceOf({ type, name = '', prefix = '' }: SourceSettings): TokenSource {
  const kind = kinds[type]
  if (kind === 'bearer') return { kind }
  return kind === 'header' ? { kind, name: name.toLowerCase(), prefix } : { kind, name }
}

export function checkTokenSources(sources: readonly SourceSettings[], at: string, report: Report): void {
  const first = new Map<string, string>()
  sources.forEach((source, index) => {
    const path = `${at}[${index}]`
    checkSource(source, path, report)
    const place = JSON.stringify(tokenSourceOf(source))
    const earlier = first.get(place)
    if (earlier === undefined) first.set(place, path)
    else report.contradict([path, `${path}.type`, `${earlier}.type`], `repeats ${earlier}`)
  })
}

function checkSource({ type, name, prefix }: SourceSettings, path: string, report: Report): void {
  const [nameAt, typeAt] = [`${path}.name`, `${path}.type`] as const
  const kind = kinds[type]
  if (kind === 'bearer') {
    if (name !== undefined) report.contradict([nameAt, typeAt], `has no place beside ${type}, whose name is known`)
  } else if (name === undefined) {
    report.contradict([nameAt, typeAt], `is required beside ${type}`)
  } else {
    const problem = nameFormats[kind].problem(name)
    if (problem !== undefined) report.contradict([nameAt, typeAt], problem)
  }
  if (prefix !== undefined && kind !== 'header')
    report.contradict([`${path}.prefix`, typeAt], 'is for type header alone')
}
