import assert from 'node:assert/strict'
import { test } from 'node:test'
import { makeFolder } from '../../support/disk-folders.ts'
import { startProxy, startWorkers } from '../../support/start-proxy.ts'
import { bearer, hs256, lasting } from '../../support/tokens.ts'
import { MiB, memoryAndDisk } from '../tiers/rig.ts'

const limits = { rate_limiting: { enabled: true, per_ip: { requests_per_second: 1000 } } }

test('every part of the memory budget tells what it may take and what it takes, and together they are the budget', async (t) => {
  const cache = { ...memoryAndDisk(await makeFolder(t)), memory: { max_cache_size_mb: 64 } }
  const { proxy, origin } = await startProxy(t, {
    ...{ server: { memory_budget_mb: 256 }, cache },
    ...{ bucket: { jwt: hs256 }, top: limits },
  })
  origin.serve('a', 'crow')
  assert.equal((await proxy.get('/b/a', await bearer())).text, 'crow')

  const bounds = new Map<string, number>()
  for (const part of ['cache', 'writes', 'disk_index', 'tokens', 'limits', 'fills'])
    bounds.set(part, await proxy.metric('yatagarasu_memory_budget_bytes', { part }))
  // What is left by the first three is divided: 138 MiB.
  assert.deepEqual(
    bounds,
    new Map(
      Object.entries({
        ...{ cache: 64 * MiB, writes: 48 * MiB, limits: 6 * MiB },
        ...{ disk_index: 34.5 * MiB, tokens: 16 * MiB, fills: 87.5 * MiB },
      }),
    ),
  )
  for (const part of ['cache', 'disk_index', 'tokens', 'limits']) {
    const used = await proxy.metric('yatagarasu_memory_used_bytes', { part })
    assert.ok(used > 0 && used <= (bounds.get(part) ?? 0), `${part}: ${used}`)
    assert.ok((await proxy.metric('yatagarasu_memory_peak_bytes', { part })) >= used)
  }
})

test('threads divide the budget, and each remembers tokens of its own', async (t) => {
  const { proxy, origin } = await startWorkers(t, 2, {
    ...{ server: { memory_budget_mb: 256 }, cache: { memory: { max_cache_size_mb: 64 } } },
    ...{ bucket: { jwt: hs256 }, top: limits },
  })
  origin.serve('a', 'crow')
  assert.equal((await proxy.get('/b/a', await bearer(lasting))).text, 'crow')
  const bound = (part: string) => proxy.metric('yatagarasu_memory_budget_bytes', { part })
  assert.equal(await bound('limits'), 6 * MiB)
  assert.equal(await bound('fills'), (256 - 64 - 6 - 23.25) * MiB)
})
