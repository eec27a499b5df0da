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
