import assert from 'node:assert/strict'
import { test } from 'node:test'
import { startProxy } from '../../support/start-proxy.ts'

const page = '<html><p>an answer of somebody else</html>'

for (const [status, headers, second] of [
  [301, { location: 'https://www.example.com/' }, 'HIT'],
  [410, {}, 'HIT'],
  [404, {}, 'HIT'],
  [302, { location: '/elsewhere' }, 'MISS'],
  [302, { location: '/elsewhere', 'cache-control': 'max-age=60' }, 'HIT'],
  [403, {}, 'MISS'],
  [500, {}, 'MISS'],
  [500, { 'cache-control': 'max-age=60' }, 'HIT'],
  [503, { 'retry-after': '7' }, 'MISS'],
] as const) {
  test(`a ${status} page with ${JSON.stringify(headers)} arrives as it is, and is then a ${second}`, async (t) => {
    const { proxy, origin } = await startProxy(t)
    origin.serve('a.txt', '').respond((_request, response) => {
      const fields = { 'content-type': 'text/html', etag: '"page"', ...headers }
      response.writeHead(status, { ...fields, 'content-length': page.length }).end(page)
    })

    const answers = [await proxy.get('/b/a.txt'), await proxy.get('/b/a.txt')]

    for (const answer of answers) {
      assert.equal(answer.status, status)
      assert.equal(answer.text, page)
      assert.equal(answer.header('content-type'), 'text/html')
      for (const [name, value] of Object.entries(headers)) assert.equal(answer.header(name), value, name)
    }
    assert.deepEqual(
      answers.map((answer) => answer.header('x-cache')),
      ['MISS', second],
    )
    assert.equal(origin.requests('a.txt').length, second === 'HIT' ? 1 : 2)
  })
}
