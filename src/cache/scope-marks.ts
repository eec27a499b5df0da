/** What to look for among the texts of all entries: see `TextArena`. */

import { unreachable } from '../base/types.ts'
import { anyTag, type Scope } from './scope.ts'

/** Ends an id that has tags, and each of them. Neither holds a control character. */
export const tagMark = '\n'

/** Every text that a scope covers has one of these in it; others may. Empty: every text. */
export function marksOf(scope: Scope): readonly Uint8Array[] {
  switch (scope.kind) {
    case 'all':
      return []
    case 'bucket':
      return [Buffer.from(`${scope.bucket}:`)]
    case 'object':
      return [Buffer.from(scope.id)]
    case 'prefix':
      return scope.start === '' ? [] : [Buffer.from(scope.start)]
    case 'tag':
      return [scope.tag, anyTag].map((tag) => Buffer.from(`${tagMark}${tag}${tagMark}`))
    default:
      return unreachable(scope)
  }
}

/** The id and its tags as one text. Undefined when they could not be told apart in it, or would not come back the same. */
export function textOf(id: string, tags: readonly string[]): string | undefined {
  const texts = [id, ...tags]
  if (texts.some((text) => !text.isWellFormed() || text.includes(tagMark))) return undefined
  return tags.length === 0 ? id : `${texts.join(tagMark)}${tagMark}`
}
