import assert from 'node:assert/strict'
import { test } from 'node:test'
import { makeFolder } from '../../support/disk-folders.ts'
import { startProxy, startProxyBefore } from '../../support/start-proxy.ts'
import { onDisk } from './rig.ts'

test('a second proxy does not start on a folder in use, and starts when it is free', async (t) => {
  const cache = onDisk(await makeFolder(t))
  const { proxy, origin, clock } = await startProxy(t, { cache })

  await assert.rejects(startProxyBefore(t, origin.endpoint, { cache, clock }), /in use|uses/)
  await proxy.stop()
  origin.serve('a', 'crow')
  const second = await startProxyBefore(t, origin.endpoint, { cache, clock })
  assert.equal((await second.get('/b/a')).text, 'crow')
})
