import assert from 'node:assert/strict'
import { test } from 'node:test'
import { always, startRawServer } from '../../support/raw-server.ts'
import { startProxyBefore } from '../../support/start-proxy.ts'

const twoHeads = 'HTTP/1.1 200 OK\r\nContent-Length: 1000\r\nHTTP/1.1 400 Bad Request\r\nContent-Length: 5\r\n\r\nwrong'

for (const [what, bytes] of [
  ['two status lines', twoHeads],
  ['no HTTP at all', 'SSH-2.0-OpenSSH_9.2\r\n\r\n'],
  ['two different lengths', 'HTTP/1.1 200 OK\r\nContent-Length: 4\r\nContent-Length: 5\r\n\r\ncrow!'],
  [
    'a partial answer nobody asked for',
    'HTTP/1.1 206 Partial Content\r\nContent-Length: 4\r\nContent-Range: bytes 0-3/9\r\n\r\ncrow',
  ],
] as const) {
  test(`an origin that answers with ${what} is a 502, and nothing is kept`, async (t) => {
    const raw = await startRawServer(t, always(bytes))
    const proxy = await startProxyBefore(t, raw.url)

    const first = await proxy.get('/b/a.txt')
    const second = await proxy.get('/b/a.txt')

    for (const answer of [first, second]) {
      assert.equal(answer.status, 502)
      assert.equal(JSON.parse(answer.text).error.code, 'OriginMalformed')
    }
    assert.equal(raw.requests.length, 2)
    assert.equal(await proxy.metric('yatagarasu_cache_items', { bucket: 'b' }), 0)
  })
}
