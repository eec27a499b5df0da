import assert from 'node:assert/strict'
import { test } from 'node:test'
import { systemClock } from '../../../src/base/clock.ts'
import { startProxy } from '../../support/start-proxy.ts'
import { expectedBytes } from '../../support/synthetic-bytes.ts'
import { compare, longerThanBuffers } from './rig.ts'

test('more stalled readers than connections to the origin block nobody, and read on later', async (t) => {
  // Sockets fill up in real time, and so a run's second of patience passes in real time too.
  const { proxy, origin } = await startProxy(t, { s3: { connection_pool_size: 2 }, clock: systemClock })
  const size = longerThanBuffers
  const names = ['one', 'two', 'three', 'four']
  for (const [seed, name] of names.entries()) origin.serve(name, { size, seed })
  origin.serve('quick', 'crow')

  const stalled = await Promise.all(names.map((name) => proxy.open(`/b/${name}`)))
  assert.equal((await proxy.get('/b/quick')).text, 'crow')

  for (const [seed, { body }] of stalled.entries()) {
    assert.equal(await compare(body, expectedBytes(seed, 0, size)), size)
  }
  let given = 0
  for (const name of names) {
    const [opening, resumed] = origin.requests(name)
    if (await opening?.ended) continue
    given += 1
    assert.match(resumed?.range ?? '', /^bytes=[1-9]\d*-/)
    assert.notEqual(resumed?.headers['if-match'], undefined)
  }
  assert.ok(given >= 3, `${given} gave way, and the fifth answer took one of two connections`)
})

test('a reader that never stalls does not keep the only connection for as long as it reads', async (t) => {
  const { proxy, origin } = await startProxy(t, { s3: { connection_pool_size: 1 } })
  const size = 256 * 2 ** 20
  origin.serve('film', { size, seed: 1 })
  origin.serve('quick', 'crow')
  const { body } = await proxy.open('/b/film')
  let quick: string | undefined
  const asked = proxy.get('/b/quick').then(({ text }) => {
    quick = text
  })
  let readBytes = 0
  for await (const chunk of body) {
    readBytes += chunk.length
    if (quick !== undefined) break
  }
  await asked
  assert.equal(quick, 'crow')
  assert.ok(readBytes < size, 'it was answered once the film was over')
})
