import assert from 'node:assert/strict'
import { registerHooks } from 'node:module'
import { test } from 'node:test'

/** Packages of some megabytes that were asked for since this file was loaded. */
const asked = new Set<string>()
registerHooks({
  resolve(specifier, context, next) {
    if (/^(ioredis|prom-client|pino-pretty|@aws-sdk\/.*)$/.test(specifier)) asked.add(specifier)
    return next(specifier, context)
  },
})

test('a thread that serves requests loads no package that it may not need', async () => {
  await import('../../../src/assembly/worker-app.ts')
  assert.deepEqual([...asked], [])
})

test('nor does a proxy, beside what shows its metrics', async (t) => {
  const { startProxy } = await import('../../support/start-proxy.ts')
  asked.clear()
  const { proxy, origin } = await startProxy(t)
  origin.serve('a', 'crow')
  assert.equal((await proxy.get('/b/a')).text, 'crow')
  assert.deepEqual([...asked], ['prom-client'])
})
