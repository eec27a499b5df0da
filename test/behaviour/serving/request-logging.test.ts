import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type ProxyUnderTest, startProxy } from '../../support/start-proxy.ts'
import { hs256, signedToken } from '../../support/tokens.ts'

const logging = (settings: Readonly<Record<string, unknown>>) => ({
  top: { observability: { request_logging: { enabled: true, ...settings } } },
})

/** Path and status of each line. */
const seen = (proxy: ProxyUnderTest) => proxy.log.map(({ path, status }) => `${path} ${status}`)

test('only requests that the filters pick have a line', async (t) => {
  const settings = logging({ include_paths: ['/b/*'], exclude_paths: ['*.css'], statuses: [200, '4xx'] })
  const { proxy, origin } = await startProxy(t, settings)
  for (const name of ['a.js', 'a.css']) origin.serve(name, 'crow', { etag: '"1"' })

  for (const path of ['/health', '/b/a.css', '/nowhere', '/b/a.js', '/b/none']) await proxy.get(path)
  await proxy.get('/b/a.js', { headers: { 'if-none-match': '"1"' } })
  await proxy.get('/b/none')

  await proxy.untilLogged(3)
  assert.deepEqual(seen(proxy), ['/b/a.js 200', '/b/none 404', '/b/none 404'])
})

test('a request that fails has its line whatever the filters say', async (t) => {
  const { proxy, origin } = await startProxy(t, {
    ...logging({ exclude_paths: ['*'] }),
    s3: { retry: { max_attempts: 1 } },
  })
  await origin.stop()

  await proxy.get('/b/a')

  await proxy.untilLogged(1)
  const [{ level, msg, status, request_headers: fields } = {}] = proxy.log
  assert.deepEqual({ level, msg, status }, { level: 50, msg: 'request failed', status: 504 })
  assert.equal((fields as Record<string, string>)['host'], new URL(proxy.main).host)
})

test('lines have the fields of request and response, and none of their secrets', async (t) => {
  const secret = await signedToken({ sub: 'anna' })
  const { proxy, origin } = await startProxy(t, {
    ...logging({ responses: true, redact_headers: ['X-Customer'] }),
    bucket: {
      jwt: {
        ...hs256,
        token_sources: [
          { type: 'header', name: 'X-Pass', prefix: 'Pass ' },
          { type: 'query', name: 'ticket' },
        ],
      },
    },
  })
  origin.serve('a', 'crow', {
    headers: { 'set-cookie': 'id=hidden-1', 'x-amz-meta-author': 'poe', 'x-amz-meta-from': 'https://h/?sig=hidden-2' },
  })
  const headers = {
    ...{
      'x-pass': `Pass ${secret}`,
      authorization: 'Basic hidden-3',
      cookie: 'a=hidden-4',
      'x-amz-security-token': 'hidden-5',
    },
    ...{ 'x-customer': 'hidden-6', referer: 'https://h/page?ticket=hidden-7&w=1', 'x-other': `Bearer ${secret}` },
    ...{ 'x-api-key': 'hidden-8', 'user-agent': 'curl' },
  }

  assert.equal((await proxy.get('/b/a?ticket=hidden-9', { headers })).status, 200)

  await proxy.untilLogged(1)
  const [line = {}] = proxy.log
  const gone = '[REDACTED]'
  const { host, connection, ...told } = line['request_headers'] as Record<string, string>
  assert.deepEqual([host, connection], [new URL(proxy.main).host, 'keep-alive'])
  assert.deepEqual(told, {
    ...{ 'x-pass': gone, authorization: gone, cookie: gone, 'x-amz-security-token': gone },
    ...{ 'x-customer': gone, referer: `https://h/page?ticket=${gone}&w=1`, 'x-other': `Bearer ${gone}` },
    ...{ 'x-api-key': gone, 'user-agent': 'curl' },
  })
  const answered = line['response_headers'] as Record<string, string>
  assert.deepEqual(
    ['set-cookie', 'x-amz-meta-author', 'x-amz-meta-from', 'x-cache'].map((name) => answered[name]),
    [gone, 'poe', `https://h/?sig=${gone}`, 'MISS'],
  )
  const all = JSON.stringify(proxy.log)
  assert.ok(!all.includes('hidden') && !all.includes(secret), all)
})

test('without `responses`, lines have the fields of requests alone; without the section, neither', async (t) => {
  const { proxy, origin } = await startProxy(t, logging({}))
  origin.serve('a', 'crow')
  await proxy.get('/b/a')
  await proxy.reload({})
  await proxy.get('/b/a')
  await proxy.reload(logging({ exclude_paths: ['/b/*'] }))
  await proxy.get('/b/a')
  await proxy.reload(logging({ responses: true }))
  await proxy.get('/b/a')

  await proxy.untilLogged(3)
  const fields = proxy.log.map((line) => ['request_headers', 'response_headers'].filter((name) => name in line))
  assert.deepEqual(fields, [['request_headers'], [], ['request_headers', 'response_headers']])
})
