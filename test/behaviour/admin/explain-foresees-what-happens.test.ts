import assert from 'node:assert/strict'
import { test } from 'node:test'
import { administered, adminSecret } from '../../support/administration.ts'
import { type ProxySettings, startProxy } from '../../support/start-proxy.ts'
import { bearer, hs256 } from '../../support/tokens.ts'

const sliceBytes = 2 ** 20

for (const [title, head, method, range, plan, xCache] of [
  ['nothing stored', false, 'GET', undefined, 'fetch', 'MISS'],
  ['the head alone, and its first bytes asked for', true, 'GET', undefined, 'fetch', 'MISS'],
  ['the head alone, and its last bytes asked for', true, 'GET', 'bytes=-10', 'fetch', 'MISS'],
  ['the head alone, which is all that is asked for', true, 'HEAD', undefined, 'hit', 'HIT'],
] as const) {
  test(`of a large object with ${title}, a ${plan} is foreseen`, async (t) => {
    const { proxy, origin } = await startProxy(t, { top: administered })
    origin.serve('film', Buffer.alloc(2 * sliceBytes + 100, 'x'))
    if (head) await proxy.get('/b/film', { method: 'HEAD' })
    const fields = { ...(range !== undefined && { range }) }

    const headers = await explainedFields(fields)
    const explained = await proxy.get(`/admin/explain?url=/b/film&method=${method}`, { headers })
    const answer = await proxy.get('/b/film', { method, headers: fields })

    assert.deepEqual([JSON.parse(explained.text).plan, answer.header('x-cache')], [plan, xCache])
  })
}

test('of a large object of which one slice is stored, hits are foreseen there and nowhere else', async (t) => {
  const { proxy, origin } = await startProxy(t, { top: administered })
  origin.serve('film', Buffer.alloc(3 * sliceBytes, 'x'))
  const slice = (index: number) => `bytes=${index * sliceBytes}-${index * sliceBytes + 9}`
  await proxy.get('/b/film', { headers: { range: slice(1) } })

  const plans: unknown[] = []
  for (const range of [slice(0), slice(1), slice(2), slice(3)]) {
    const headers = await explainedFields({ range })
    plans.push(JSON.parse((await proxy.get('/admin/explain?url=/b/film', { headers })).text).plan)
  }

  assert.deepEqual(plans, ['fetch', 'hit', 'fetch', 'hit'])
})

test('who has a token without a name is held to the limit of those without names', async (t) => {
  const rates = { enabled: true, per_user: { requests_per_second: 1, burst_size: 1 } }
  const settings: ProxySettings = { top: { ...administered, rate_limiting: rates }, bucket: { jwt: hs256 } }
  const { proxy, origin } = await startProxy(t, settings)
  origin.serve('a', 'crow')
  const nameless = await bearer({})
  await proxy.get('/b/a', nameless)

  const headers = await explainedFields(nameless.headers)
  const explained = JSON.parse((await proxy.get('/admin/explain?url=/b/a', { headers })).text)

  assert.deepEqual([explained.plan, explained.status], ['refuse', 429])
  assert.deepEqual(explained.limits, [{ scope: 'per_user', limit: 1, remaining: 0, reset_seconds: 1 }])
  assert.equal((await proxy.get('/b/a', nameless)).status, 429)
})

/** The fields of the request in question, with the token of who asks about it. */
async function explainedFields(fields: Readonly<Record<string, string>>): Promise<Record<string, string>> {
  const { headers } = await bearer({ role: 'admin' }, adminSecret)
  const named = Object.entries(fields).map(([name, value]) => [`x-explain-${name}`, value])
  return { ...headers, ...Object.fromEntries(named) }
}
