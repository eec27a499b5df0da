import assert from 'node:assert/strict'
import { test } from 'node:test'
import { startReplicated } from '../../support/replicas.ts'
import { expectedBytes } from '../../support/synthetic-bytes.ts'

const MiB = 1024 * 1024
const film = { size: 5 * MiB, seed: 7 }
const whole = Buffer.from(expectedBytes(film.seed, 0, film.size))

for (const at of [1, 100_000, MiB - 1, MiB, 2.5 * MiB, film.size - 1]) {
  test(`broken off at byte ${at}, the download goes on from the other replica, and is whole`, async (t) => {
    const { proxy, origins, asked } = await startReplicated(t, 2)
    for (const origin of origins) origin.serve('film', film)
    origins[0]?.serve('film', film).dropAt(at)

    const answer = await proxy.get('/b/film')

    assert.ok(answer.body.equals(whole))
    assert.equal(asked('film'), '12')
    const [request] = origins[1]?.requests('film') ?? []
    assert.equal(request?.range, `bytes=${at}-${film.size - 1}`)
    assert.match(String(request?.headers['if-match']), /^"[0-9a-f]{32}"$/)
    assert.equal(await proxy.metric('yatagarasu_origin_bytes_total', { bucket: 'b' }), film.size)
    assert.equal(await proxy.metric('yatagarasu_origin_failovers_total', { bucket: 'b' }), 1)
    assert.ok((await proxy.get('/b/film')).body.equals(whole))
    assert.equal(asked('film'), '')
  })
}

test('a range that was asked for goes on as well', async (t) => {
  const { proxy, origins } = await startReplicated(t, 2)
  for (const origin of origins) origin.serve('film', film)
  origins[0]?.serve('film', film).dropAt(3.5 * MiB)

  const answer = await proxy.get('/b/film', { headers: { range: 'bytes=3300000-4400000' } })

  assert.equal(answer.status, 206)
  assert.ok(answer.body.equals(whole.subarray(3_300_000, 4_400_001)))
})

test('where the other replica has another version the connection is cut, and nothing is spliced', async (t) => {
  const { proxy, origins } = await startReplicated(t, 2)
  origins[0]?.serve('film', film).dropAt(2.5 * MiB)
  origins[1]?.serve('film', { size: film.size, seed: 8 })

  const { body } = await proxy.open('/b/film')
  const got: Uint8Array[] = []
  await assert.rejects(async () => {
    for await (const chunk of body) got.push(chunk)
  })

  const bytes = Buffer.concat(got)
  assert.ok(bytes.equals(whole.subarray(0, bytes.length)))
  assert.ok(bytes.length <= 2.5 * MiB)
})

test('the other replica being dead, the connection is cut', async (t) => {
  const { proxy, origins } = await startReplicated(t, 2, { s3: { retry: { max_attempts: 1 } } })
  origins[0]?.serve('film', film).dropAt(2.5 * MiB)
  await origins[1]?.stop()

  await assert.rejects(proxy.get('/b/film'))
})

test('what only passes through is cut', async (t) => {
  const { proxy, origins, asked } = await startReplicated(t, 2, { bucket: { cache: { enabled: false } } })
  for (const origin of origins) origin.serve('film', film)
  origins[0]?.serve('film', film).dropAt(2.5 * MiB)

  await assert.rejects(proxy.get('/b/film'))
  assert.equal(asked('film'), '1')
})

test('readers who share a download share its going on', async (t) => {
  const { proxy, origins, asked } = await startReplicated(t, 2)
  for (const origin of origins) origin.serve('film', film)
  const broken = origins[0]?.serve('film', film)
  broken?.dropAt(2.5 * MiB)
  const held = broken?.holdAt(MiB / 2)

  const readers = Array.from({ length: 10 }, () => proxy.get('/b/film'))
  await held?.reached
  await proxy.untilActive(10)
  held?.release()

  for (const answer of await Promise.all(readers)) assert.ok(answer.body.equals(whole))
  assert.equal(asked('film'), '12')
})
