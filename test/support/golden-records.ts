/** What the golden files of version 1 in test/unit/golden hold. Never changed: a new format gets files of its own. */

import type { EpochMs, Etag, RecordId } from '../../src/base/types.ts'
import type { CacheRecord } from '../../src/cache/record.ts'
import { headOf, idOf, objectOf, sliceIdOf, sliceOf } from './cache-records.ts'

interface GoldenRecord {
  readonly id: RecordId
  readonly record: CacheRecord
}

const times = { requestedAt: 1767225600000 as EpochMs, storedAt: 1767225600123 as EpochMs }
const headers = ['Content-Type', 'text/plain', 'Cache-Control', 'max-age=60', 'X-Amz-Meta-Name', 'caf\xe9']

export const goldenRecords: Readonly<Record<'object' | 'large' | 'absence' | 'slice' | 'vary', GoldenRecord>> = {
  object: { id: idOf('texts/hello world.txt'), record: objectOf('hello, world', { ...times, headers }) },
  large: {
    id: idOf('films/a.mp4'),
    record: { kind: 'object', head: headOf(5_000_000_000, { ...times, etag: '"abc-3"' as Etag }) },
  },
  absence: {
    id: idOf('gone/\u65e5\u672c'),
    record: { kind: 'object', head: headOf(0, { ...times, status: 404, headers: [], absence: 'NoSuchKey' }) },
  },
  slice: { id: sliceIdOf('films/a.mp4', 7), record: sliceOf('bytes of a slice', 5_000_000_000, '"abc-3"') },
  vary: {
    id: idOf('varies'),
    record: { kind: 'vary', names: ['accept', 'origin'], originFingerprint: 'http://origin/bucket' },
  },
}
