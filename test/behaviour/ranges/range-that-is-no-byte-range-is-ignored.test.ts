import { test } from 'node:test'
import { startProxy } from '../../support/start-proxy.ts'
import { assertWhole, seed } from './rig.ts'

const ranges = ['items=0-5', 'bytes=5-2', 'bytes=a-b', 'bytes 0-5', 'bytes=', 'bytes=0-5,x', 'bytes=--5']

test('a Range that is no valid byte range is ignored, cold and cached', async (t) => {
  const { proxy, origin } = await startProxy(t)
  for (const [index, range] of ranges.entries()) {
    origin.serve(`a${index}`, { size: 100, seed })
    for (const _ of ['cold', 'cached']) assertWhole(await proxy.get(`/b/a${index}`, { headers: { range } }), 100)
  }
})
