import { hash } from 'node:crypto'
import type { RecordId } from '../base/types.ts'

declare const brand: unique symbol

/** 128 bits of SHA-256 over a record's id, as 32 hex digits in lower case: names the record's file. */
export type RecordDigest = string & { readonly [brand]: 'RecordDigest' }

const digits = 32

export function digestOf(id: RecordId): RecordDigest {
  return hash('sha256', id, 'hex').slice(0, digits) as RecordDigest
}

/** Undefined when the text is no digest, such as the name of a file that nobody here wrote. */
export function parseDigest(text: string): RecordDigest | undefined {
  return /^[0-9a-f]{32}$/.test(text) ? (text as RecordDigest) : undefined
}

/** Its first 32 bits. */
export function firstWord(digest: RecordDigest): number {
  return wordAt(digest, 0)
}

/** The 32 bits after them. */
export function secondWord(digest: RecordDigest): number {
  return wordAt(digest, 8)
}

function wordAt(digest: RecordDigest, start: number): number {
  let word = 0
  for (let at = start; at < start + 8; at++) {
    const code = digest.charCodeAt(at)
    word = (word << 4) | (code < 0x3a ? code - 0x30 : code - 0x57)
  }
  return word >>> 0
}
