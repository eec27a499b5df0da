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
  for (const name of names) {
    const [opening, resumed] = origin.requests(name)
    assert.equal(await opening?.ended, false)
    assert.match(resumed?.range ?? '', /^bytes=[1-9]\d*-/)
    assert.notEqual(resumed?.headers['if-match'], undefined)
  }
})
