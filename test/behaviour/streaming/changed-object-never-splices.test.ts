import assert from 'node:assert/strict'
import { test } from 'node:test'
import { startProxy } from '../../support/start-proxy.ts'
import { expectedBytes } from '../../support/synthetic-bytes.ts'
import { assertBytes, compare, MiB } from './rig.ts'

const size = 4 * MiB

test('an object that changes while it is read breaks the response off, and never splices two versions', async (t) => {
  const { proxy, origin } = await startProxy(t)
  const film = origin.serve('film', { size, seed: 1 })
  await proxy.get('/b/film', { headers: { range: `bytes=0-${2 * MiB - 1}` } })
  film.replace({ size, seed: 2 })

  const { statusCode, body } = await proxy.open('/b/film')
  assert.equal(statusCode, 200)
  let length = 0
  const reading = async () => {
    const old = expectedBytes(1, 0, 2 * MiB)
    for await (const chunk of body) {
      assert.ok(old.subarray(length, length + chunk.length).every((byte, at) => byte === chunk[at]))
      length += chunk.length
    }
  }
  await assert.rejects(reading, { code: 'UND_ERR_SOCKET' })
  assert.ok(length <= 2 * MiB)

  const next = await proxy.open('/b/film')
  assert.equal(next.headers['x-cache'], 'MISS')
  assert.equal(await compare(next.body, expectedBytes(2, 0, size)), size)
})

test('an object that changed before a byte was sent is opened again, once', async (t) => {
  const { proxy, origin } = await startProxy(t)
  const film = origin.serve('film', { size, seed: 1 })
  const old = await proxy.get('/b/film', { headers: { range: 'bytes=0-9' } })
  film.replace({ size: size + 5, seed: 2 })

  const range = `bytes=${3 * MiB}-${3 * MiB + 9}`
  const answer = await proxy.get('/b/film', { headers: { range } })

  assert.equal(answer.status, 206)
  assert.equal(answer.header('content-range'), `bytes ${3 * MiB}-${3 * MiB + 9}/${size + 5}`)
  assert.notEqual(answer.header('etag'), old.header('etag'))
  assertBytes(answer.body, 2, 3 * MiB, 3 * MiB + 10)
  const [, pinned, again, ...more] = origin.requests('film')
  assert.equal(pinned?.headers['if-match'], old.header('etag'))
  assert.equal(again?.headers['if-match'], undefined)
  assert.deepEqual(more, [])
})

test('an object that is gone before a byte was sent is a 404', async (t) => {
  const { proxy, origin } = await startProxy(t)
  origin.serve('film', { size, seed: 1 })
  await proxy.get('/b/film', { headers: { range: 'bytes=0-9' } })
  origin.remove('film')

  assert.equal((await proxy.get('/b/film', { headers: { range: 'bytes=-9' } })).status, 404)
})
