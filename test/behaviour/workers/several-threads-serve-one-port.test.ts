/** `server.workers`: what one thread does for clients, several do together. */
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer } from 'node:net'
import { test } from 'node:test'
import { setImmediate as turn } from 'node:timers/promises'
import { administered, adminOf } from '../../support/administration.ts'
import { makeFolder } from '../../support/disk-folders.ts'
import { startProxyBefore, startWorkers } from '../../support/start-proxy.ts'
import { lasting } from '../../support/tokens.ts'

/** More than one connection, so that more than one thread has some. */
const many = 64

test('what one thread has fetched, the others find', async (t) => {
  const { proxy, origin, threads } = await startWorkers(t, 2)
  origin.serve('a', 'crow')
  await proxy.get('/b/a')

  const answers = await Promise.all(Array.from({ length: many }, () => proxy.get('/b/a')))

  assert.equal(threads.length, 2)
  assert.deepEqual(
    new Set(answers.map((answer) => `${answer.header('x-cache')} ${answer.text}`)),
    new Set(['HIT crow']),
  )
  assert.equal(origin.requests('a').length, 1)
})

test('an administrator is answered whichever thread has the connection, and purges for all of them', async (t) => {
  const { proxy, origin } = await startWorkers(t, 2, { top: administered })
  origin.serve('a', 'crow')
  await proxy.get('/b/a')
  const admin = await adminOf(proxy, lasting)

  const purged = await Promise.all(Array.from({ length: many }, () => admin('POST', '/cache/purge/b')))

  assert.deepEqual(new Set(purged.map(({ status }) => status)), new Set([200]))
  assert.equal((await proxy.get('/b/a')).header('x-cache'), 'MISS')
  assert.equal((await admin('GET', '/status')).json.connections > 1, true)
})

test('what an administrator says in a body is heard, though buckets would pass over it', async (t) => {
  const server = { limits: { max_request_body_size: 1024 } }
  const { proxy, origin } = await startWorkers(t, 2, { top: administered, server })
  origin.serve('a', 'crow')
  origin.serve('d', 'dove')
  await Promise.all(['a', 'd'].map((key) => proxy.get(`/b/${key}`)))
  const admin = await adminOf(proxy, lasting)

  const purged = await admin('POST', '/cache/purge', { where: { key: { glob: 'a*' } } })

  assert.deepEqual([purged.status, purged.json.purged?.entries], [200, 1])
  assert.equal((await proxy.get('/b/d')).header('x-cache'), 'HIT')
})

test('paths of the proxy itself are answered, and their misuse is refused', async (t) => {
  const { proxy } = await startWorkers(t, 2)
  const answers = await Promise.all(
    [
      ['GET', '/health'],
      ['GET', '/ready'],
      ['POST', '/ready'],
      ['GET', '/admin/status'],
      ['GET', '/%68ealth'],
      ['GET', '/%zz'],
    ].map(([method, path]) => proxy.get(path as string, { method: method as 'GET' })),
  )
  assert.deepEqual(
    answers.map(({ status }) => status),
    [200, 200, 405, 404, 404, 400],
  )
})

test('below /admin nobody is told anything without a token, however the rest is spelt', async (t) => {
  const { proxy } = await startWorkers(t, 2, { top: administered })
  const answers = await Promise.all(['/admin/x', '/admin/%2e%2e/b/a', '/admin/%zz'].map((path) => proxy.get(path)))
  assert.deepEqual(
    answers.map(({ status }) => status),
    [401, 401, 401],
  )
})

test('a reload takes effect in every thread before it is told', async (t) => {
  const { proxy, origin } = await startWorkers(t, 2)
  origin.serve('a', 'crow')
  await proxy.get('/b/a')

  const { generation, restartRequired } = await proxy.reload({ server: { workers: 3 }, bucket: { path_prefix: '/n' } })

  assert.deepEqual([generation, restartRequired], [2, ['server.workers']])
  const answers = await Promise.all(Array.from({ length: many }, () => proxy.get('/n/a')))
  assert.deepEqual(new Set(answers.map((answer) => answer.header('x-cache'))), new Set(['HIT']))
  assert.equal((await proxy.get('/b/a')).status, 404)
})

test('a thread that ends is replaced, and what was cached is still there', async (t) => {
  const { proxy, origin, threads } = await startWorkers(t, 2)
  origin.serve('a', 'crow')
  await proxy.get('/b/a')

  await threads[0]?.terminate()
  while (threads.length < 3) await turn()

  // Connections of the thread that ended are gone; whoever connects anew is served.
  const answers = await Promise.all(Array.from({ length: many }, () => proxy.get('/b/a').catch(() => undefined)))
  const served = answers.flatMap((answer) => (answer === undefined ? [] : [answer.header('x-cache')]))
  assert.deepEqual(new Set(served), new Set(['HIT']))
  assert.equal(origin.requests('a').length, 1)
  assert.equal(proxy.log.filter(({ msg }) => msg === 'a worker has ended, and is replaced').length, 1)
})

test('requests under way are answered before the threads end', async (t) => {
  const { proxy, origin, threads } = await startWorkers(t, 2, { server: { shutdown_timeout_seconds: 10 } })
  const exits = threads.map((thread) => once(thread, 'exit'))
  const object = origin.serve('slow', 'crow')
  object.delayHead()
  const answer = fetch(`${proxy.main}/b/slow`)
  await origin.arrival('slow')

  const stopping = proxy.stop()
  object.releaseAll()

  assert.equal(await (await answer).text(), 'crow')
  await stopping
  await Promise.all(exits)
})

test('a port that another program has is told, though threads would share it', async (t) => {
  const other = createServer().listen({ port: 0, host: '127.0.0.1', reusePort: true })
  await once(other, 'listening')
  t.after(() => other.close())
  const { port } = other.address() as { port: number }
  const address = `127.0.0.1:${port}`
  await assert.rejects(startProxyBefore(t, 'http://127.0.0.1:9', { server: { workers: 2, address } }), /EADDRINUSE/)
})

test('a thread that replaces another keeps what a reload leaves as it is, and serves what it changed', async (t) => {
  const { proxy, origin, threads } = await startWorkers(t, 2)
  origin.serve('a', 'crow')
  const next = { cache_layers: ['memory', 'disk'], disk: { enabled: true, cache_dir: await makeFolder(t) } }
  await proxy.reload({ server: { workers: 2 }, bucket: { path_prefix: '/n' }, cache: next })

  await Promise.all(threads.splice(0).map((thread) => thread.terminate()))
  while (threads.length < 2) await turn()

  let answer = await proxy.get('/n/a').catch(() => undefined)
  while (answer === undefined) answer = await proxy.get('/n/a').catch(() => undefined)
  assert.equal(answer.text, 'crow')
  assert.equal(await proxy.metric('yatagarasu_cache_errors_total'), 0)
})
