import assert from 'node:assert/strict'
import { once } from 'node:events'
import { connect } from 'node:net'
import { test } from 'node:test'
import { startRedis } from '../../support/redis-server.ts'

test('a redis-server answers', async (t) => {
  const { hostname, port } = new URL((await startRedis(t)).url)
  const socket = connect(Number(port || 6379), hostname)
  t.after(() => socket.destroy())
  socket.write('PING\r\n')
  const [reply] = (await once(socket, 'data')) as [Buffer]
  // A server that wants a password answers too.
  assert.match(reply.toString(), /^(\+PONG|-NOAUTH)/)
})
