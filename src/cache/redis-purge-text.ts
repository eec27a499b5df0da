/** A purge as it lies in Redis: one JSON text. When it counts from is its score there. */

import { hash } from 'node:crypto'
import type { EpochMs } from '../base/types.ts'
import type { Purge } from './purge.ts'
import { everything, scopeIn } from './scope.ts'

const purgeFormat = 1

export function encodePurge({ id, kind, scope }: Purge): string {
  return JSON.stringify({ format: purgeFormat, id, kind, scope })
}

/** What it does not understand, of a later version or damaged, it takes for a purge of everything: that covers whatever was meant. */
export function decodePurge(text: string, at: EpochMs): Purge {
  const { format, id, kind, scope } = fieldsOf(parsed(text))
  const meant = scopeIn(scope)
  if (format === purgeFormat && isText(id) && (kind === 'hard' || kind === 'soft') && meant !== undefined) {
    return { id, kind, scope: meant, at }
  }
  return { id: hash('sha256', text).slice(0, 32), kind: 'hard', scope: everything, at }
}

type Fields = Readonly<Partial<Record<'format' | 'id' | 'kind' | 'scope', unknown>>>

function fieldsOf(value: unknown): Fields {
  return typeof value === 'object' && value !== null ? value : {}
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined // no JSON: not what encodePurge wrote
  }
}

function isText(value: unknown): value is string {
  return typeof value === 'string'
}
