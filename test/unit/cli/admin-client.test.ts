import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer, type RequestListener } from 'node:http'
import { createServer as createTlsServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import { type TestContext, test } from 'node:test'
import { AdminClient } from '../../../src/cli/admin-client.ts'
import { CommandFailure } from '../../../src/cli/command.ts'
import { makeCertificates } from '../../support/certificates.ts'
import { FakeClock } from '../../support/fake-clock.ts'

/** `place`: where the client looks for the server, behind its port. */
async function startServer(t: TestContext, listener: RequestListener, host = '127.0.0.1', place = '') {
  const server = createServer(listener)
  server.listen(0, host)
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  const clock = new FakeClock()
  const url = new URL(`http://${host.includes(':') ? `[${host}]` : host}:${port}${place}`)
  const client = new AdminClient({ url, token: 'secret', timeoutMs: 1000, ca: undefined }, clock)
  t.after(async () => {
    await client.close()
    server.closeAllConnections()
    server.close()
  })
  return { client, clock, origin: url.origin }
}

for (const [what, host, place, path] of [
  ['an IPv6 address', '::1', '', '/admin/cache/purge/b/a/../%2A*'],
  ['a place below another', '127.0.0.1', '/proxy/', '/proxy/admin/cache/purge/b/a/../%2A*'],
] as const) {
  test(`a call to ${what} goes out as it is`, async (t) => {
    const asked: unknown[] = []
    const listener: RequestListener = ({ method, url, headers }, response) => {
      asked.push([method, url, headers.authorization])
      response.end('{}')
    }
    const { client } = await startServer(t, listener, host, place)

    await client.ask({ method: 'POST', path: '/cache/purge/b/a/../%2A*' })

    assert.deepEqual(asked, [['POST', path, 'Bearer secret']])
  })
}

const error = { code: 'NoSuchEntry', message: 'Nothing.', detail: 'none\u001b', correlation_id: '7' }

for (const [what, status, body, complaint] of [
  ['an error', 404, JSON.stringify({ error }), 'answered 404 NoSuchEntry Nothing. none\\u{1b} (correlation id 7)'],
  ['an error of somebody else', 502, '<html>', 'answered 502 and nothing that says why'],
  ['a redirect', 302, '', 'answered 302 and nothing that says why'],
  ['a page', 200, '<html>', 'is no proxy like this one'],
] as const) {
  test(`${what} is a failure, told with what is known`, async (t) => {
    const { client, origin } = await startServer(t, (_request, response) => response.writeHead(status).end(body))

    await assert.rejects(client.ask({ method: 'GET', path: '/status' }), new CommandFailure(`${origin} ${complaint}`))
  })
}

test('an error that is expected is an answer', async (t) => {
  const { client } = await startServer(t, (_request, response) => {
    response.writeHead(404).end(JSON.stringify({ error }))
  })

  const { status } = await client.ask({ method: 'GET', path: '/x', expects: 'NoSuchEntry' })

  assert.equal(status, 404)
  await assert.rejects(client.ask({ method: 'GET', path: '/x', expects: 'NoSuchJob' }), CommandFailure)
})

for (const [what, begin] of [
  ['that does not begin', () => {}],
  ['that does not end', (response) => response.writeHead(200).write('{')],
] as const satisfies readonly (readonly [string, (response: Parameters<RequestListener>[1]) => void])[]) {
  test(`an answer ${what} is waited for so long, and no longer`, async (t) => {
    const arrived = Promise.withResolvers<void>()
    const { client, clock, origin } = await startServer(t, (_request, response) => {
      begin(response)
      arrived.resolve()
    })
    const answer = client.ask({ method: 'GET', path: '/x' })
    const failed = assert.rejects(answer, new CommandFailure(`${origin}: no answer in time`))
    await arrived.promise
    await clock.advance(1000)
    await failed
  })
}

test('a certificate is believed when its authority is given, and not otherwise', async (t) => {
  const { ca, server: own } = await makeCertificates(t)
  const server = createTlsServer({ cert: own.cert, key: own.key }, (_request, response) => response.end('{}'))
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const url = new URL(`https://127.0.0.1:${(server.address() as AddressInfo).port}`)
  const clientThatBelieves = (authority: string | undefined) => {
    const client = new AdminClient({ url, token: 'x', timeoutMs: 1000, ca: authority }, new FakeClock())
    t.after(() => client.close())
    return client
  }
  t.after(() => void server.close().closeAllConnections())

  assert.equal((await clientThatBelieves(ca.cert).ask({ method: 'GET', path: '/status' })).status, 200)
  await assert.rejects(clientThatBelieves(undefined).ask({ method: 'GET', path: '/status' }), /certificate/)
})
