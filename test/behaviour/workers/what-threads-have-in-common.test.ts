/** Audit and disk are those of the process, however many threads serve. */
import assert from 'node:assert/strict'
import { join } from 'node:path'
import { test } from 'node:test'
import { verifyChain } from '../../../src/audit/verify.ts'
import { makeFolder } from '../../support/disk-folders.ts'
import { startProxyBefore, startWorkers } from '../../support/start-proxy.ts'

/** More than one connection, so that more than one thread has some. */
const many = 64
const times = <T>(count: number, act: () => Promise<T>) => Promise.all(Array.from({ length: count }, act))

test('audit entries of all threads are one whole chain', async (t) => {
  const path = join(await makeFolder(t), 'audit.log')
  const { proxy, origin } = await startWorkers(t, 2, {
    top: { audit_log: { enabled: true, chain: true, file: { path } } },
  })
  origin.serve('a', 'crow')

  await times(many, () => proxy.get('/b/a'))
  await proxy.stop()

  const { entries, isFromBeginning, broken } = await verifyChain([path])
  assert.deepEqual([entries, isFromBeginning, broken], [many, true, undefined])
})

test('the disk outlives the process, and every thread reads it', async (t) => {
  const folder = await makeFolder(t)
  const cache = {
    cache_layers: ['memory', 'disk'],
    memory: { max_cache_size_mb: 16 },
    disk: { enabled: true, cache_dir: folder },
  }
  const { proxy, origin } = await startWorkers(t, 2, { cache })
  origin.serve('a', 'crow')
  await proxy.get('/b/a')
  await proxy.stop()

  const next = await startProxyBefore(t, origin.endpoint, { cache, server: { workers: 2 } })
  const answers = await times(many, () => next.get('/b/a'))

  assert.deepEqual(
    new Set(answers.map((answer) => `${answer.header('x-cache')} ${answer.text}`)),
    new Set(['HIT crow']),
  )
  assert.equal(origin.requests('a').length, 1)
})
