import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { startProxy } from '../../support/start-proxy.ts'
import { assertBytes, longerThanBuffers, MiB, readFirst, until } from './rig.ts'

const size = longerThanBuffers
const noStore = { 'cache-control': 'no-store' }

interface Phase {
  readonly headers?: Record<string, string>
  readonly objectHeaders?: Record<string, string>
  /** A HEAD has been answered before. */
  readonly isHeadCached?: boolean
  /** Where the origin stands when the client goes; 'head' is before its answer. */
  readonly heldAt?: number | 'head'
  /** How much the client has read by then. */
  readonly read?: number
}

const phases: Readonly<Record<string, Phase>> = {
  'before the origin has answered': { heldAt: 'head' },
  'before the origin has answered for the body of a known head': { isHeadCached: true, heldAt: 'head' },
  'before the first byte': { heldAt: 0 },
  'within the first slice': { heldAt: MiB / 2, read: 1000 },
  'between two slices': { heldAt: 3 * MiB, read: 3 * MiB },
  'while it stalls': {},
  'while it stalls over an uncacheable answer': { objectHeaders: noStore },
  'within an uncacheable answer': { objectHeaders: noStore, heldAt: 2 * MiB, read: 2 * MiB },
  'within a range': { headers: { range: `bytes=${5 * MiB}-` }, heldAt: 6.5 * MiB, read: MiB },
  'within several ranges': { headers: { range: `bytes=0-9,${5 * MiB}-${31 * MiB}` }, heldAt: 6.5 * MiB, read: MiB },
}

for (const [phase, script] of Object.entries(phases)) {
  test(`a client that goes ${phase} leaves no request, connection or slice behind`, (t) => abortIn(t, script))
}

async function abortIn(t: TestContext, { headers = {}, objectHeaders = {}, ...script }: Phase): Promise<void> {
  const { isHeadCached = false, heldAt, read = 0 } = script
  const { proxy, origin } = await startProxy(t)
  const film = origin.serve('film', { size, seed: 1 }, { headers: objectHeaders })
  if (isHeadCached) await proxy.get('/b/film', { method: 'HEAD' })
  const before = origin.requests('film').length
  const hold = heldAt === 'head' ? film.delayHead() : heldAt === undefined ? undefined : film.holdAt(heldAt)
  const leaver = new AbortController()

  const opening = proxy.open('/b/film', { headers, signal: leaver.signal })
  opening.catch(() => undefined) // in the early phases it is this that the abort ends
  if (read > 0 || heldAt === undefined) {
    const { body } = await opening
    body.on('error', () => undefined)
    await readFirst(body, read)
  }
  await hold?.reached
  leaver.abort()
  await until(async () => (await proxy.metric('yatagarasu_active_requests')) === 0)
  if (heldAt === 'head') assert.equal(await origin.requests('film').at(-1)?.ended, false)
  hold?.release()

  for (const request of origin.requests('film').slice(before)) assert.equal(await request.ended, false)
  await until(() => origin.openConnections === 0)
  // The head may stay, and nothing else: the object is too large to keep.
  await until(async () => (await proxy.metric('yatagarasu_cache_size_bytes', { layer: 'memory' })) < 10_000)
  const next = await proxy.get('/b/film', { headers: { range: 'bytes=0-99' } })
  assertBytes(next.body, 1, 0, 100)
}
