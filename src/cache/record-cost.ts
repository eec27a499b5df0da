import { type RecordId, unreachable } from '../base/types.ts'
import { type CacheRecord, tagsOf } from './record.ts'

/**
 * What bench/micro/record-cost.ts measures (Node 26, x64): resident bytes per record beyond body, key and fields are 756
 * of an object and 602 of a slice at 520,000 records, 833 and 686 at 400,000, and up to 996 and 822 right after the
 * tables grew (262,145). 100 to 150 of them lie outside the heap (the body's ArrayBuffer); the retention takes about 150.
 */
const perRecord = 800

/** A string's header and padding, and its place in the list: each field beyond none adds 58, and has two strings. */
const perString = 28

/** Bytes of process memory that keeping the record takes: body, texts, and what the runtime and the tier put around them. */
export function recordCost(id: RecordId, record: CacheRecord): number {
  const fixed = perRecord + 2 * id.length // a key beyond latin1 takes two bytes a character
  switch (record.kind) {
    case 'object':
      return fixed + textsCost(record.head.headers) + textsCost(tagsOf(record)) + (record.body?.byteLength ?? 0)
    case 'slice':
      return fixed + textsCost(tagsOf(record)) + record.bytes.byteLength
    case 'vary':
      return fixed + textsCost(record.names)
    default:
      return unreachable(record)
  }
}

function textsCost(texts: readonly string[]): number {
  let cost = perString * texts.length
  for (const text of texts) cost += text.length
  return cost
}
