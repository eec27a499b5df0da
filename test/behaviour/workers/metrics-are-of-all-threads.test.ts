import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setImmediate as turn } from 'node:timers/promises'
import { administered, adminOf } from '../../support/administration.ts'
import { startWorkers } from '../../support/start-proxy.ts'
import { lasting } from '../../support/tokens.ts'

/** More than one connection, so that more than one thread has some. */
const many = 64
const MiB = 1_048_576

test('counters are of all threads, and of those that have ended', async (t) => {
  const { proxy, origin, threads } = await startWorkers(t, 2, { top: administered })
  origin.serve('a', 'crow')
  const admin = await adminOf(proxy, lasting)
  let answered = 0
  const send = async () => {
    const answers = await Promise.all(Array.from({ length: many }, () => proxy.get('/b/a').catch(() => undefined)))
    answered += answers.filter((answer) => answer?.status === 200).length
    await proxy.untilMetric('yatagarasu_http_requests_total', { bucket: 'b' }, answered)
  }
  await send()
  assert.equal(await proxy.metric('yatagarasu_active_connections'), (await admin('GET', '/status')).json.connections)

  await threads[0]?.terminate()
  while (threads.length < 3) await turn()
  await send()
  await send()

  assert.equal(await proxy.metric('yatagarasu_http_requests_total', { bucket: 'b' }), answered)
  assert.equal(await proxy.metric('yatagarasu_http_request_duration_seconds_count', { bucket: 'b' }), answered)
  assert.equal(await proxy.metric('yatagarasu_http_response_bytes_total', { bucket: 'b' }), answered * 'crow'.length)
  const { total } = (await admin('GET', '/cache/stats')).json
  assert.equal(total.hits + total.misses, answered)
})

test('the load of each thread is told by itself', async (t) => {
  const { proxy } = await startWorkers(t, 2)
  for (const thread of ['0', '1', '2'])
    await proxy.untilMetric('yatagarasu_thread_busy_seconds_total', { thread }, Number.MIN_VALUE)
})

test('what all threads have in common is told once', async (t) => {
  const cache = { memory: { max_cache_size_mb: 64 } }
  const { proxy } = await startWorkers(t, 2, { cache })
  await proxy.reload({ server: { workers: 2 }, cache })
  assert.equal(await proxy.metric('yatagarasu_memory_budget_bytes', { part: 'cache' }), 64 * MiB)
  assert.equal(await proxy.metric('yatagarasu_build_info'), 1)
  assert.equal(await proxy.metric('yatagarasu_config_generation'), 2)
  assert.equal(await proxy.metric('yatagarasu_config_reloads_total', { outcome: 'applied' }), 1)
})
