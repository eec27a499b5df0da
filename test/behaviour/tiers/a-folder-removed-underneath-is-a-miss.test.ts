import assert from 'node:assert/strict'
import { readdirSync, rmSync } from 'node:fs'
import { test } from 'node:test'
import { makeFolder } from '../../support/disk-folders.ts'
import { startProxy } from '../../support/start-proxy.ts'
import { onDisk } from './rig.ts'

const calmMs = 10_000

test('a cache folder removed underneath is a miss, an error and one log line, and works again by itself', async (t) => {
  const folder = await makeFolder(t)
  const { proxy, origin, clock } = await startProxy(t, { cache: onDisk(folder) })
  for (const object of ['a', 'b']) {
    origin.serve(object, object)
    await proxy.get(`/b/${object}`)
  }
  await proxy.untilWritten('disk', 2)
  rmSync(folder, { recursive: true })

  for (const object of ['a', 'b']) assert.equal((await proxy.get(`/b/${object}`)).text, object)

  const told = () => proxy.log.filter(({ layer }) => layer === 'disk').map(({ msg }) => msg)
  assert.deepEqual(told(), ['cache tier fails'])
  assert.ok((await proxy.metric('yatagarasu_cache_errors_total', { layer: 'disk', operation: 'get' })) >= 2)
  assert.equal(origin.requests('a').length + origin.requests('b').length, 4)
  await proxy.untilWritten('disk', 4)
  await clock.advance(calmMs)
  for (const object of ['a', 'b']) assert.equal((await proxy.get(`/b/${object}`)).header('x-cache'), 'HIT')
  assert.deepEqual(told(), ['cache tier fails', 'cache tier works again'])
  assert.ok(readdirSync(folder).includes('records'))
})
