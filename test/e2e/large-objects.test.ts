import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import { test } from 'node:test'
import { startFakeOrigin } from '../support/fake-origin.ts'
import { type ProxyProcess, startProxyProcess } from '../support/proxy-process.ts'
import { configFor } from '../support/start-proxy.ts'
import { expectedBytes } from '../support/synthetic-bytes.ts'
import { download, sameAs } from './thin-client.ts'

const MiB = 1024 * 1024
/** The tier, as much again in slices that are being filled or read, and the 64 MiB V8 lets pieces from sockets grow to. */
const mostGrowth = 200 * MiB
const smallMemory = { cache: { enabled: true, memory: { max_cache_size_mb: 64 } } }

test('twenty readers of an object of 1 GiB, here and there in it, are served with little memory', async (t) => {
  const origin = await startFakeOrigin(t)
  const proxy = await startProxyProcess(t, configFor(origin.endpoint, smallMemory))
  const idle = await proxy.rssBytes()
  const size = 1024 * MiB
  origin.serve('film', { size, seed: 1 })
  const url = `${proxy.main}/b/film`

  const whole = Array.from({ length: 2 }, () => download(url, { piece: checkedNowAndThen }))
  const parts = Array.from({ length: 18 }, (_, index) => {
    const start = index * 56 * MiB + index
    const range = { start, end: start + 8 * MiB }
    return download(url, { range, piece: sameAs(expectedBytes(1, range.start, range.end)) })
  })

  for (const answer of await Promise.all(whole)) assert.deepEqual(answer, { status: 200, length: size })
  for (const answer of await Promise.all(parts)) assert.deepEqual(answer, { status: 206, length: 8 * MiB })
  // On a busy machine those two may come so far apart that the tier has forgotten what the second one wants; and so has it what a
  // reader in the middle had.
  const most = 2 * size + 18 * 12 * MiB
  assert.ok(origin.bytesSent('film') < most, `${origin.bytesSent('film')} bytes from the origin`)
  const growth = (await peakRssBytes(proxy)) - idle
  assert.ok(growth < mostGrowth, `${Math.round(growth / MiB)} MiB at the most`)
})

test('two hundred readers of a cold object of 50 MB cost the origin each byte once', async (t) => {
  const origin = await startFakeOrigin(t)
  const proxy = await startProxyProcess(t, configFor(origin.endpoint, smallMemory))
  const idle = await proxy.rssBytes()
  const size = 50_000_000
  // Held at its half until the last reader has begun: sockets hold so much that else everybody might be done by then.
  const hold = origin.serve('film', { size, seed: 2 }).holdAt(size / 2)
  const expected = expectedBytes(2, 0, size)

  let begun = 0
  const piece = (bytes: Buffer, at: number) => {
    sameAs(expected)(bytes, at)
    if (at === 0) begun += 1
    if (at === 0 && begun === 200) hold.release()
  }
  const readers: Promise<{ status: number; length: number }>[] = []
  const come = (count: number) => {
    for (let left = count; left > 0; left -= 1) readers.push(download(`${proxy.main}/b/film`, { piece }))
  }
  // The rest come while the object is being read: ten with each hundredth that the first one has.
  const hundredths = (offset: number) => Math.min(10, Math.floor((offset * 100) / size))
  const first = download(`${proxy.main}/b/film`, {
    piece(bytes, at) {
      piece(bytes, at)
      come(10 * (hundredths(at + bytes.length) - hundredths(at)))
    },
  })
  come(99)

  assert.deepEqual(await first, { status: 200, length: size })
  assert.equal(readers.length, 199)
  for (const answer of await Promise.all(readers)) assert.deepEqual(answer, { status: 200, length: size })
  assert.equal(origin.requests('film').length, 1)
  assert.equal(origin.bytesSent('film'), size)
  const growth = (await peakRssBytes(proxy)) - idle
  assert.ok(growth < mostGrowth, `${Math.round(growth / MiB)} MiB at the most`)
})

/** A whole gigabyte would take the test longer to compute than the proxy to serve: one piece in sixteen. */
function checkedNowAndThen(bytes: Buffer, at: number): void {
  if (at % (16 * MiB) < MiB) sameAs(expectedBytes(1, at, at + bytes.length))(bytes, 0)
}

async function peakRssBytes({ pid }: ProxyProcess): Promise<number> {
  const status = await readFile(`/proc/${pid}/status`, 'utf8')
  return Number(/^VmHWM:\s+(\d+) kB$/m.exec(status)?.[1]) * 1024
}
