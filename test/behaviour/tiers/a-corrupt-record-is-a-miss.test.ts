import assert from 'node:assert/strict'
import { readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { makeFolder } from '../../support/disk-folders.ts'
import { startProxy, startProxyBefore } from '../../support/start-proxy.ts'
import { onDisk } from './rig.ts'

test('a record that was damaged on disk is fetched again, and the damage is counted', async (t) => {
  const folder = await makeFolder(t)
  const { proxy, origin, clock } = await startProxy(t, { cache: onDisk(folder) })
  const body = 'crow'.repeat(1000)
  origin.serve('a', body)
  await proxy.get('/b/a')
  await proxy.stop()
  const files = readdirSync(folder, { recursive: true, encoding: 'utf8' }).map((name) => join(folder, name))
  const [file, ...others] = files.filter((path) => statSync(path).isFile() && readFileSync(path).includes('crowcrow'))
  assert.deepEqual([typeof file, others], ['string', []])
  const bytes = readFileSync(String(file))
  writeFileSync(String(file), bytes.fill(0, bytes.length - 1))

  const restarted = await startProxyBefore(t, origin.endpoint, { cache: onDisk(folder), clock })
  const first = await restarted.get('/b/a')
  const second = await restarted.get('/b/a')

  for (const answer of [first, second]) assert.equal(answer.text, body)
  assert.deepEqual(
    [first, second].map((answer) => answer.header('x-cache')),
    ['MISS', 'HIT'],
  )
  assert.equal(origin.requests('a').length, 2)
  assert.equal(await restarted.metric('yatagarasu_cache_errors_total', { layer: 'disk', operation: 'get' }), 1)
})
