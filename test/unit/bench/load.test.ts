/** The bench's own client against a server of which everything is known. */
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import { createServer as createTlsServer, type Server as TlsServer } from 'node:https'
import type { AddressInfo, Socket } from 'node:net'
import { type TestContext, test } from 'node:test'
import { HttpConnection } from '../../../bench/rig/http-connection.ts'
import { pacedLoad, requestChecked, wholeObject } from '../../../bench/rig/load.ts'
import { benchObject, fillContent, parseObjectName } from '../../../bench/rig/object-content.ts'
import { makeCertificateFor } from '../../support/certificates.ts'

const object = benchObject(1024, 1)

function answer(request: IncomingMessage, response: ServerResponse): void {
  const asked = parseObjectName((request.url ?? '').replace('/bucket/', '')) ?? object
  const bytes = Buffer.alloc(asked.size)
  fillContent(asked, 0, bytes)
  response.writeHead(200, { 'content-length': bytes.length }).end(bytes)
}

async function listen(t: TestContext, server: Server | TlsServer): Promise<number> {
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.after(() => server.close())
  return (server.address() as AddressInfo).port
}

test('connections that are open already are used in turn', async (t) => {
  const asked = new Map<Socket, number>()
  const server = createServer((request, response) => {
    asked.set(request.socket, (asked.get(request.socket) ?? 0) + 1)
    answer(request, response)
  })
  const port = await listen(t, server)
  const opened = Array.from({ length: 10 }, () => new HttpConnection(port))
  const next = () => wholeObject(object)
  await Promise.all(opened.map((connection) => requestChecked(connection, next())))
  const load = await pacedLoad({ port, connections: 0, opened, seconds: 0.1, rate: 100, next })
  assert.deepEqual([load.requests, load.lateMs.length, load.problems], [10, 10, []])
  assert.deepEqual(
    [...asked.values()],
    opened.map(() => 2),
  )
})

test('a wrong byte is found over TLS as well', async (t) => {
  const { cert, key } = await makeCertificateFor(t, ['localhost'])
  const port = await listen(t, createTlsServer({ cert, key }, answer))
  const connection = new HttpConnection(port, { isTls: true })
  t.after(() => connection.close())
  await requestChecked(connection, wholeObject(object))
  const wrong = { ...wholeObject(benchObject(1024, 2)), object: { ...object, name: benchObject(1024, 2).name } }
  await assert.rejects(requestChecked(connection, wrong), /wrong bytes/)
})
