/** What the golden files of version 2 in test/unit/golden hold. Never changed: a new format gets files of its own. */

import type { EpochMs, Etag, RecordId } from '../../src/base/types.ts'
import type { CacheRecord } from '../../src/cache/record.ts'
import { headOf, idOf, objectOf, sliceIdOf, sliceOf } from './cache-records.ts'

interface GoldenRecord {
  readonly id: RecordId
  readonly record: CacheRecord
}

const times = { requestedAt: 1767225600000 as EpochMs, storedAt: 1767225600123 as EpochMs }
const headers = ['Content-Type', 'text/plain', 'Cache-Control', 'max-age=60', 'X-Amz-Meta-Name', 'caf\xe9']

type GoldenName = 'object' | 'tagged' | 'large' | 'absence' | 'slice' | 'tagged-slice' | 'vary'

export const goldenRecords: Readonly<Record<GoldenName, GoldenRecord>> = {
  object: { id: idOf('texts/hello world.txt'), record: objectOf('hello, world', { ...times, headers }) },
  tagged: {
    id: idOf('texts/tagged.txt'),
    record: objectOf('hello, world', { ...times, headers, tags: ['texts', '\u65e5\u672c', '*'] }),
  },
  large: {
    id: idOf('films/a.mp4'),
    record: { kind: 'object', head: headOf(5_000_000_000, { ...times, etag: '"abc-3"' as Etag }) },
  },
  absence: {
    id: idOf('gone/\u65e5\u672c'),
    record: { kind: 'object', head: headOf(0, { ...times, status: 404, headers: [], absence: 'NoSuchKey' }) },
  },
  slice: { id: sliceIdOf('films/a.mp4', 7), record: sliceOf('bytes of a slice', 5_000_000_000, '"abc-3"') },
  'tagged-slice': {
    id: sliceIdOf('films/b.mp4', 0),
    record: { ...sliceOf('bytes of a slice', 5_000_000, '"def"'), tags: ['films'] } as CacheRecord,
  },
  vary: {
    id: idOf('varies'),
    record: { kind: 'vary', names: ['accept', 'origin'], originFingerprint: 'http://origin/bucket' },
  },
}
