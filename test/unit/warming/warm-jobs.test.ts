import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ProxyError } from '../../../src/base/errors.ts'
import type { Warmed, WarmJob, WarmOrder } from '../../../src/warming/warm-jobs.ts'
import { quiet } from '../objects/rig.ts'
import { fetched, numbered, warmStage } from './rig.ts'

const prefixed = (prefix: string, limit?: number): WarmOrder => ({ bucket: 'films', keys: { prefix }, limit })
const named = (list: readonly string[], limit?: number): WarmOrder => ({ bucket: 'films', keys: { list }, limit })

const counts = ({ found, fetched: got, skipped, missing, failed, bytes }: WarmJob) => {
  return { found, fetched: got, skipped, missing, failed, bytes }
}

test('a job counts what came of each object under a prefix', async () => {
  const outcomes: Record<string, Warmed | Error> = {
    'p/a': { kind: 'fetched', bytes: 7 },
    'p/b': { kind: 'fetched', bytes: 5 },
    'p/c': { kind: 'fresh' },
    'p/d': { kind: 'missing' },
    'p/e': new ProxyError('AccessDenied', 'the origin answered 403 AccessDenied'),
  }
  const on = warmStage({ keys: [...Object.keys(outcomes), 'q'], outcome: (key) => outcomes[key] ?? fetched })
  const job = on.jobs.start(prefixed('p/'))
  assert.deepEqual([job.bucket, job.state, job.endedAt, job.isListed], ['films', 'running', undefined, false])
  await quiet()
  const over = on.jobs.get(job.id)
  assert.ok(over)
  assert.deepEqual(counts(over), { found: 5, fetched: 2, skipped: 1, missing: 1, failed: 1, bytes: 12 })
  assert.deepEqual([over.state, over.endedAt, over.isListed], ['done', on.clock.now(), true])
  assert.equal(over.lastError, 'AccessDenied: the origin answered 403 AccessDenied')
  assert.deepEqual(on.ended, [over])
})

test('what is had and not kept has failed, and words of unexpected errors are kept back', async () => {
  const on = warmStage({ outcome: (key) => (key === 'a' ? { kind: 'not-stored' } : new TypeError('token=secret')) })
  const first = on.jobs.start(named(['a']))
  const second = on.jobs.start(named(['b']))
  await quiet()
  assert.match(on.jobs.get(first.id)?.lastError ?? '', /^not stored/)
  assert.equal(on.jobs.get(second.id)?.lastError, 'an unexpected error (TypeError)')
  assert.deepEqual([on.jobs.get(first.id)?.failed, on.jobs.get(second.id)?.failed], [1, 1])
})

test('so many objects at most', async () => {
  for (const order of [prefixed('k', 3), named(numbered(10), 3)]) {
    const on = warmStage({ keys: numbered(10), outcome: () => fetched })
    const { id } = on.jobs.start(order)
    await quiet()
    const job = on.jobs.get(id)
    assert.deepEqual([job?.state, job?.found, job?.fetched, job?.isListed], ['done', 3, 3, true])
    assert.equal(on.calls.length, 3)
  }
})

test('a listing is read no faster than objects are fetched', async () => {
  const on = warmStage({ keys: numbered(1000), concurrency: 4 })
  const { id } = on.jobs.start(prefixed(''))
  await quiet()
  assert.equal(on.calls.length, 4)
  assert.equal(on.listed, 5)
  assert.deepEqual([on.jobs.get(id)?.found, on.jobs.get(id)?.isListed], [5, false])
  await on.jobs.close()
})

test('a job is over when its last object is', async () => {
  const on = warmStage({ keys: ['a'] })
  const { id } = on.jobs.start(prefixed(''))
  await quiet()
  assert.deepEqual([on.jobs.get(id)?.isListed, on.jobs.get(id)?.state], [true, 'running'])
  on.calls[0]?.finish()
  await quiet()
  assert.equal(on.jobs.get(id)?.state, 'done')
})

test('a listing that fails is the end of a job, after what is under way', async () => {
  const listingError = new ProxyError('NoSuchBucket', 'the origin answered 404 NoSuchBucket to a listing')
  const on = warmStage({ keys: ['a'], listingError })
  const { id } = on.jobs.start(prefixed(''))
  await quiet()
  assert.equal(on.jobs.get(id)?.state, 'running')
  on.calls[0]?.finish()
  await quiet()
  const job = on.jobs.get(id)
  assert.deepEqual([job?.state, job?.isListed, job?.fetched], ['failed', false, 1])
  assert.match(job?.lastError ?? '', /^NoSuchBucket: /)
})

test('cancelling calls off what is under way, and nothing is counted after it', async () => {
  const on = warmStage({ keys: numbered(100) })
  const { id } = on.jobs.start(prefixed(''))
  await quiet()
  const cancelled = on.jobs.cancel(id)
  assert.deepEqual([cancelled?.state, cancelled?.endedAt], ['cancelled', on.clock.now()])
  assert.ok(on.calls.every(({ signal }) => signal.aborted))
  await quiet()
  assert.deepEqual(on.jobs.get(id), cancelled)
  assert.equal(on.calls.length, 4)
  await on.clock.advance(1)
  assert.deepEqual(on.jobs.cancel(id), cancelled)
  assert.equal(on.ended.length, 1)
  assert.equal(on.jobs.cancel('unknown'), undefined)
})

test('a job that waits for its turn can be cancelled, and others go on', async () => {
  const on = warmStage({ concurrency: 1 })
  const first = on.jobs.start(named(['a', 'b']))
  const second = on.jobs.start(named(['c']))
  await quiet()
  on.jobs.cancel(second.id)
  on.calls[0]?.finish()
  await quiet()
  on.calls[1]?.finish()
  await quiet()
  assert.deepEqual(
    on.calls.map(({ key }) => key),
    ['a', 'b'],
  )
  assert.equal(on.jobs.get(first.id)?.state, 'done')
})

test('jobs take turns', async () => {
  const on = warmStage({ concurrency: 1, outcome: () => fetched })
  on.jobs.start(named(['a1', 'a2', 'a3']))
  on.jobs.start(named(['b1', 'b2', 'b3']))
  await quiet()
  assert.deepEqual(
    on.calls.map(({ key }) => key),
    ['a1', 'b1', 'a2', 'b2', 'a3', 'b3'],
  )
})

test('the newest job comes first, and of those that are over the latest hundred are remembered', async () => {
  const on = warmStage({ outcome: () => fetched })
  const running = on.jobs.start(named([]))
  const ids = [running.id]
  for (let count = 0; count < 120; count += 1) {
    ids.push(on.jobs.start(named([])).id)
    await quiet()
  }
  assert.deepEqual(
    on.jobs.list().map(({ id }) => id),
    ids.toReversed().slice(0, 100),
  )
  assert.equal(on.jobs.get(running.id), undefined)
})

test('one job more than a hundred is not begun, and says so', async () => {
  const on = warmStage({ keys: ['a'] })
  for (let count = 0; count < 100; count += 1) on.jobs.start(prefixed(''))
  const refused = on.jobs.start(prefixed(''))
  assert.deepEqual([refused.state, refused.lastError], ['failed', 'there are 100 jobs running already'])
  on.jobs.cancel(on.jobs.list().at(-1)?.id ?? '')
  assert.equal(on.jobs.start(prefixed('')).state, 'running')
  await on.jobs.close()
})

test('closing cancels all, and nothing is begun after it', async () => {
  const on = warmStage({ keys: numbered(10) })
  const { id } = on.jobs.start(prefixed(''))
  await quiet()
  await on.jobs.close()
  assert.equal(on.jobs.get(id)?.state, 'cancelled')
  assert.equal(on.jobs.start(prefixed('')).state, 'failed')
  assert.equal(on.clock.waiting, 0)
})
