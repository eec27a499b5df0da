import assert from 'node:assert/strict'
import { test } from 'node:test'
import { request } from 'undici'
import { startProxy } from '../../support/start-proxy.ts'

test('/health and /ready answer on both listeners without asking anybody', async (t) => {
  const { proxy, origin, clock } = await startProxy(t)
  await origin.stop()
  await clock.advance(90_500)

  for (const listener of [proxy.main, proxy.metrics]) {
    const health = await request(`${listener}/health`)
    assert.equal(health.statusCode, 200)
    assert.equal(health.headers['cache-control'], 'no-store')
    assert.deepEqual(await health.body.json(), { status: 'healthy', uptime_seconds: 90, version: '0.0.0-test' })
    const ready = await request(`${listener}/ready`)
    assert.equal(ready.statusCode, 200)
    assert.equal(((await ready.body.json()) as { status: string }).status, 'ready')
    const head = await request(`${listener}/health`, { method: 'HEAD' })
    assert.equal(head.statusCode, 200)
    assert.equal(await head.body.text(), '')
    const posted = await request(`${listener}/health`, { method: 'POST' })
    await posted.body.dump()
    assert.equal(posted.statusCode, 405)
  }
  assert.equal(origin.requests().length, 0)
})
