import assert from 'node:assert/strict'
import { once } from 'node:events'
import type { IncomingMessage } from 'node:http'
import { createServer as createTlsServer } from 'node:https'
import { type AddressInfo, createServer } from 'node:net'
import { test } from 'node:test'
import { Barrier } from '../../support/barrier.ts'
import { makeCertificates } from '../../support/certificates.ts'
import { jwk, keys, say, startJwks, startKeyServer } from './key-server.ts'

const mebibyte = 1024 * 1024
const keySet = JSON.stringify({ keys: [jwk('b')] })
const switching = 'HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: keys\r\n\r\n'
const secret = { kty: 'oct', k: 'c2VjcmV0c2VjcmV0c2VjcmV0c2VjcmV0c2VjcmV0c2U', kid: 'b' }

for (const [title, answer, expected] of [
  ['another status', say(keySet, 203), /status is 203/],
  ['a failure with keys in it', say(keySet, 500), /status is 500/],
  ['text', say('<html>'), /JSON/],
  ['nothing', say(''), /JSON/],
  ['JSON cut short', say(keySet.slice(0, -3)), /JSON/],
  ['JSON that is no key set', say('[]'), /not a JSON Web Key Set/],
  ['no keys', say('{"keys":[]}'), /no key that can be used/],
  ['a secret alone', say(JSON.stringify({ keys: [secret] })), /no key that can be used/],
  ['another protocol', (request: IncomingMessage) => request.socket.end(switching), /closed without an answer/],
  ['a byte more than 1 MiB', say(keySet.padEnd(mebibyte + 1)), /larger than 1048576 bytes/],
] as const) {
  test(`an answer of ${title} changes nothing`, async (t) => {
    const server = await startKeyServer(t)
    const { jwks, clock, next, ask } = startJwks(t, server.url)
    await next()
    const generation = jwks.generation

    server.answer = answer
    const [told] = await Promise.all([next(), clock.advance(3_420_000)])

    assert.match(String(Object.values(told)[0]), expected)
    assert.deepEqual(await ask('a'), ['a'])
    assert.equal(jwks.generation, generation)
  })
}

test('an answer of just 1 MiB is read', async (t) => {
  const server = await startKeyServer(t)
  server.answer = say(keySet.padEnd(mebibyte))
  assert.deepEqual(await startJwks(t, server.url).next(), { keys: 1 })
})

for (const status of [301, 302, 303, 307, 308]) {
  test(`a ${status} to other keys is not followed`, async (t) => {
    const server = await startKeyServer(t)
    server.answer = (request, response) => {
      const answer = request.url === '/other' ? keys('b') : say('', status, { location: '/other' })
      answer(request, response)
    }
    const { next, ask } = startJwks(t, server.url)

    assert.match(String(Object.values(await next())[0]), new RegExp(`status is ${status}`))
    assert.equal(await ask('b'), 'none-yet')
    assert.equal(server.requests, 1)
  })
}

for (const [status, expected] of [
  [200, /larger than 1048576 bytes/],
  [500, /status is 500/],
] as const) {
  test(`a ${status} without end is cut`, async (t) => {
    const server = await startKeyServer(t)
    const cut = new Barrier()
    server.answer = (_, response) => {
      const pour = () => {
        while (!response.destroyed && response.write(' '.repeat(64 * 1024)));
      }
      response.writeHead(status).on('drain', pour)
      response.on('close', () => void cut.arrive())
      pour()
    }
    const { next } = startJwks(t, server.url)
    assert.match(String(Object.values(await next())[0]), expected)
    await cut.reached
  })
}

test('a certificate that nobody vouches for is refused before anything is asked', async (t) => {
  const { server: certificate } = await makeCertificates(t)
  let requests = 0
  const server = createTlsServer({ cert: certificate.cert, key: certificate.key }, (request, response) => {
    requests += 1
    keys('a')(request, response)
  })
  server.on('tlsClientError', () => undefined)
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.after(() => server.close())
  const { next, ask } = startJwks(t, `https://127.0.0.1:${(server.address() as AddressInfo).port}/keys`)

  const error: unknown = Object.values(await next())[0]
  assert.ok(error instanceof Error && 'code' in error)
  assert.match(String(error.code), /UNABLE_TO_VERIFY_LEAF_SIGNATURE|SELF_SIGNED/)
  assert.equal(await ask('a'), 'none-yet')
  assert.equal(requests, 0)
})

test('closing ends a fetch in every phase, and tokens that wait for it', async (t) => {
  const server = await startKeyServer(t)
  const { jwks, clock, next, ask } = startJwks(t, server.url)
  await next()
  const [asked, cut] = [new Barrier(), new Barrier()]
  server.answer = (_, response) => {
    response.on('close', () => void cut.arrive())
    response.write('{"keys":')
    void asked.arrive()
  }
  const waiting = ask('b')
  await asked.reached

  await jwks.close()

  assert.deepEqual(await waiting, [])
  await cut.reached
  assert.equal(clock.waiting, 0)
  assert.deepEqual(await ask('b'), [])
  assert.equal(server.requests, 2)
})

test('closing ends a TLS handshake that the other side never answers', async (t) => {
  const [connected, cut] = [new Barrier(), new Barrier()]
  const server = createServer((socket) => {
    socket.on('error', () => undefined)
    socket.on('close', () => void cut.arrive())
    socket.once('data', () => void connected.arrive())
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.after(() => server.close())
  const { jwks, clock } = startJwks(t, `https://127.0.0.1:${(server.address() as AddressInfo).port}/keys`)
  await connected.reached

  await jwks.close()

  assert.equal(clock.waiting, 0)
  await cut.reached
})
