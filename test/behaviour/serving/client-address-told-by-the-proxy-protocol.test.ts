import assert from 'node:assert/strict'
import { once } from 'node:events'
import { connect } from 'node:net'
import { test } from 'node:test'
import { startProxy } from '../../support/start-proxy.ts'

test('with client_address_from: proxy-protocol the client of the log is the one the load balancer names', async (t) => {
  const server = { trusted_proxies: ['127.0.0.0/8'], client_address_from: 'proxy-protocol' }
  const { proxy, origin } = await startProxy(t, { server })
  origin.serve('a.txt', 'hello')
  const { hostname, port } = new URL(proxy.main)

  const socket = connect({ host: hostname, port: Number(port) })
  t.after(() => socket.destroy())
  const fields = 'Host: a.test\r\nX-Forwarded-For: 203.0.113.9\r\nConnection: close\r\n\r\n'
  socket.write(`PROXY TCP4 198.51.100.7 192.0.2.1 56324 80\r\nGET /b/a.txt HTTP/1.1\r\n${fields}`)
  socket.resume()
  await once(socket, 'end')
  await proxy.untilLogged(1)

  assert.equal(proxy.log[0]?.['client_ip'], '198.51.100.7')
})

test('a connection from the load balancer without a header is counted, and nobody is served', async (t) => {
  const server = { trusted_proxies: ['127.0.0.0/8'], client_address_from: 'proxy-protocol' }
  const { proxy } = await startProxy(t, { server })

  await assert.rejects(proxy.get('/health'), { code: 'UND_ERR_SOCKET' })

  assert.equal(await proxy.metric('yatagarasu_rejected_requests_total', { reason: 'proxy-protocol' }), 1)
})
