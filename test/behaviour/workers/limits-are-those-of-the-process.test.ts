import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setImmediate as turn } from 'node:timers/promises'
import { type ProxyUnderTest, startWorkers } from '../../support/start-proxy.ts'

/** More than one connection, so that more than one thread has some. */
const many = 64

async function statusesOf(proxy: ProxyUnderTest, path: string): Promise<Record<string, number>> {
  const answers = await Promise.all(Array.from({ length: many }, () => proxy.get(path)))
  const counts: Record<string, number> = {}
  for (const { status } of answers) counts[status] = (counts[status] ?? 0) + 1
  return counts
}

test('as many requests pass as the burst says, whichever threads they come to, also after a reload', async (t) => {
  const rate_limit = { global: { requests_per_second: 0.001, burst_size: 10 } }
  const { proxy, origin } = await startWorkers(t, 3, { bucket: { rate_limit } })
  origin.serve('a', 'crow')

  assert.deepEqual(await statusesOf(proxy, '/b/a'), { 200: 10, 429: many - 10 })
  await proxy.reload({ bucket: { rate_limit: { global: { requests_per_second: 0.001, burst_size: 15 } } } })
  assert.deepEqual(await statusesOf(proxy, '/b/a'), { 200: 5, 429: many - 5 })
})

test('as many requests are under way and wait as there may be, whichever threads they come to', async (t) => {
  const server = { max_concurrent_requests: 4, queue_size: 3 }
  const { proxy, origin } = await startWorkers(t, 3, { server })
  const gate = origin.serve('a', 'crow').delayHead()
  const statuses: number[] = []
  const answers = Array.from({ length: many }, async () => statuses.push((await proxy.get('/b/a')).status))
  while (statuses.length < many - 7) await turn()
  assert.deepEqual(new Set(statuses), new Set([503]))

  gate.release()
  await Promise.all(answers)

  assert.deepEqual(statuses.slice(-7), Array(7).fill(200))
})

test('slots of a thread that ends are there again', async (t) => {
  const { proxy, origin, threads } = await startWorkers(t, 2, { server: { max_concurrent_requests: 3 } })
  const slow = ['a', 'b', 'c']
  for (const name of slow) origin.serve(name, 'crow').delayHead()
  origin.serve('d', 'rook')
  const lost = Promise.allSettled(slow.map((name) => proxy.get(`/b/${name}`)))
  await Promise.all(slow.map((name) => origin.arrival(name)))
  assert.equal((await proxy.get('/b/d')).status, 503)

  await Promise.all(threads.map((thread) => thread.terminate()))
  await lost

  let status: number | undefined
  while (status === undefined) {
    status = await proxy.get('/b/d').then(
      (answer) => answer.status,
      () => undefined, // nobody listens yet
    )
  }
  assert.equal(status, 200)
})
