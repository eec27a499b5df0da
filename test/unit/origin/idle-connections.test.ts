import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer } from 'node:net'
import { test } from 'node:test'
import { createConnections } from '../../../src/origin/connections.ts'

test('an idle connection is closed in time, also where the server would keep it for an hour', async (t) => {
  const server = createServer((socket) => {
    socket.on('data', () => socket.write('HTTP/1.1 204 No Content\r\nKeep-Alive: timeout=3600\r\n\r\n'))
  })
  t.after(() => server.close())
  await once(server.listen(0, '127.0.0.1'), 'listening')
  const address = server.address()
  assert.ok(typeof address === 'object' && address !== null)
  const connected = once(server, 'connection')
  const options = { connections: 1, connectTimeoutMs: 1000, idleMs: 50 }
  const pool = createConnections(`http://127.0.0.1:${address.port}`, options)
  const { statusCode } = await pool.request({ method: 'GET', path: '/' })
  assert.equal(statusCode, 204)
  const [socket] = await connected
  await once(socket, 'close')
  await pool.close()
})
