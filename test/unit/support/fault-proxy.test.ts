/** The proxy that does harm does exactly the harm it was told to. */
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Socket } from 'node:net'
import { type TestContext, test } from 'node:test'
import { FaultProxy } from '../../support/fault-proxy.ts'
import { type Fault, seededFaults } from '../../support/faults.ts'
import { expectedBytes } from '../../support/synthetic-bytes.ts'

const size = 300_000
const body = Buffer.from(expectedBytes(1, 0, size))

/** A server that sends `body` to whoever writes anything, and says goodbye; or what it is told to do instead. */
async function startServer(
  t: TestContext,
  serve: (socket: Socket) => void = (socket) => socket.end(body),
): Promise<number> {
  const sockets: Socket[] = []
  const server = createServer({ allowHalfOpen: true }, (socket) => {
    sockets.push(socket.on('error', () => undefined))
    socket.once('data', () => serve(socket))
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.after(() => {
    for (const socket of sockets) socket.destroy()
    server.close()
  })
  return (server.address() as AddressInfo).port
}

async function stage(t: TestContext, serve?: (socket: Socket) => void): Promise<FaultProxy> {
  const proxy = await FaultProxy.open({ port: await startServer(t, serve) })
  t.after(() => proxy[Symbol.asyncDispose]())
  return proxy
}

interface Outcome {
  readonly bytes: Buffer
  /** `end`, or the code of the error. */
  readonly how: string
}

/** Writes a word and reads to the end. */
async function ask(proxy: FaultProxy, word = 'please'): Promise<Outcome> {
  const socket = connect(proxy.port, '127.0.0.1', () => socket.write(word))
  const chunks: Buffer[] = []
  try {
    for await (const chunk of socket) chunks.push(chunk as Buffer)
    return { bytes: Buffer.concat(chunks), how: 'end' }
  } catch (error) {
    return { bytes: Buffer.concat(chunks), how: (error as NodeJS.ErrnoException).code ?? 'unknown' }
  }
}

/** How many places differ. */
function differences(bytes: Buffer): number[] {
  return [...bytes.keys()].filter((at) => bytes[at] !== body[at])
}

test('without a fault every byte passes, and is counted', async (t) => {
  const proxy = await stage(t)
  assert.deepEqual(await ask(proxy), { bytes: body, how: 'end' })
  assert.deepEqual(proxy.counts, { connections: 1, bytesToServer: 6, bytesToClient: size, struck: 0, replies: 0 })
})

const cuts: readonly { readonly fault: Fault; readonly bytes: number; readonly how: string }[] = [
  { fault: { meet: 'reset' }, bytes: 0, how: 'ECONNRESET' },
  { fault: { toClient: { cutAfter: 0 } }, bytes: 0, how: 'end' },
  { fault: { toClient: { cutAfter: 100_001 } }, bytes: 100_001, how: 'end' },
  { fault: { toClient: { cutAfter: 70_000, cut: 'half-close' } }, bytes: 70_000, how: 'end' },
  { fault: { toServer: { cutAfter: 0 } }, bytes: 0, how: 'end' },
  { fault: { toClient: { bytesPerSecond: 3_000_000 } }, bytes: size, how: 'end' },
  { fault: { toServer: { delayMs: 5 }, toClient: { delayMs: 5 } }, bytes: size, how: 'end' },
]
for (const { fault, bytes, how } of cuts) {
  test(`${JSON.stringify(fault)}: ${bytes} bytes, then ${how}`, async (t) => {
    const proxy = await stage(t)
    proxy.use(fault)
    const outcome = await ask(proxy)
    assert.equal(outcome.how, how)
    assert.equal(outcome.bytes.length, bytes)
    assert.deepEqual(differences(outcome.bytes), [])
  })
}

test('a reset in the middle is seen as one, by both sides', async (t) => {
  const { promise: seen, resolve } = Promise.withResolvers<string | undefined>()
  const proxy = await stage(t, (socket) => {
    socket.once('error', (error: NodeJS.ErrnoException) => resolve(error.code))
    socket.write(body)
  })
  proxy.use({ toClient: { cutAfter: 1000, cut: 'reset' } })
  assert.equal((await ask(proxy)).how, 'ECONNRESET')
  assert.match((await seen) ?? '', /ECONNRESET|EPIPE/)
})

test('a delay is waited for at every chunk', async (t) => {
  const proxy = await stage(t, (socket) => void socket.end('x'))
  proxy.use({ toServer: { delayMs: 40 }, toClient: { delayMs: 40 } })
  const startMs = performance.now()
  await ask(proxy)
  assert.ok(performance.now() - startMs >= 79)
})

test('a throttled lane takes the time it should', async (t) => {
  const proxy = await stage(t)
  proxy.use({ toClient: { bytesPerSecond: 1_500_000 } })
  const startMs = performance.now()
  assert.deepEqual((await ask(proxy)).bytes, body)
  assert.ok(performance.now() - startMs >= 190)
})

test('one byte is turned over, at its place, also deep in a stream', async (t) => {
  const proxy = await stage(t)
  for (const flipAt of [0, 1, 65_536, size - 1]) {
    proxy.use({ toClient: { flipAt } })
    assert.deepEqual(differences((await ask(proxy)).bytes), [flipAt])
  }
  assert.equal(proxy.counts.struck, 4)
})

test('every so many bytes one is turned over, whatever the pieces they come in', async (t) => {
  const proxy = await stage(t)
  for (const [flipAt, flipEvery] of [
    [undefined, 70_000],
    [5, 1000],
    [99_999, 50_001],
  ] as const) {
    proxy.use({ toClient: { ...(flipAt !== undefined && { flipAt }), flipEvery, bytesPerSecond: 20_000_000 } })
    const places = [...body.keys()].filter((at) => at >= (flipAt ?? 0) && (at - (flipAt ?? 0)) % flipEvery === 0)
    assert.deepEqual(differences((await ask(proxy)).bytes), places)
  }
})

test('a reply comes in the server’s place, chunk by chunk', async (t) => {
  const proxy = await stage(t)
  proxy.use({ reply: (chunk) => (chunk.toString() === 'mine' ? 'of the proxy' : undefined) })
  const socket = connect(proxy.port, '127.0.0.1', () => socket.write('mine'))
  const [reply] = (await once(socket, 'data')) as [Buffer]
  assert.equal(reply.toString(), 'of the proxy')
  assert.deepEqual([proxy.counts.replies, proxy.counts.bytesToServer], [1, 0])
  socket.write('yours')
  let received = 0
  for await (const chunk of socket) received += (chunk as Buffer).length
  assert.equal(received, size)
})

for (const fault of [{ meet: 'hang' }, { toClient: { cutAfter: 10, cut: 'stall' } }] as const) {
  test(`${JSON.stringify(fault)}: nobody hears anything until the client leaves, and nothing is left then`, async (t) => {
    const proxy = await stage(t)
    proxy.use(fault)
    const socket = connect({ port: proxy.port, host: '127.0.0.1', allowHalfOpen: true }, () => socket.write('please'))
    let received = 0
    socket.on('data', (chunk: Buffer) => {
      received += chunk.length
    })
    while (proxy.counts.struck === 0) await new Promise(setImmediate)
    assert.equal(proxy.openConnections, 1)
    socket.end()
    while (proxy.openConnections > 0) await new Promise(setImmediate)
    assert.equal(received, 'meet' in fault ? 0 : 10)
    socket.destroy()
  })
}

test('a pause holds everything back and breaks nothing', async (t) => {
  const proxy = await stage(t)
  proxy.pause()
  let isThrough = false
  const asked = ask(proxy).finally(() => {
    isThrough = true
  })
  while (proxy.openConnections === 0) await new Promise(setImmediate)
  assert.equal(isThrough || proxy.counts.bytesToServer > 0, false)
  proxy.resume()
  assert.deepEqual((await asked).bytes, body)
})

test('who is refused is told at once, open connections are reset, and the port is the same afterwards', async (t) => {
  const proxy = await stage(t, (socket) => void socket.write('more to come'))
  const open = ask(proxy)
  while (proxy.counts.bytesToClient === 0) await new Promise(setImmediate)
  await proxy.refuse()
  assert.equal((await open).how, 'ECONNRESET')
  assert.equal((await ask(proxy)).how, 'ECONNREFUSED')
  await proxy.heal()
  const again = ask(proxy)
  while (proxy.openConnections === 0) await new Promise(setImmediate)
  proxy.reset()
  assert.equal((await again).how, 'ECONNRESET')
})

test('a fault strikes connections that are open, from where they are', async (t) => {
  const proxy = await stage(t, (socket) => {
    socket.write('1234')
    socket.on('data', () => socket.write('5678'))
  })
  const socket = connect(proxy.port, '127.0.0.1', () => socket.write('a'))
  await once(socket, 'data')
  proxy.strike({ toClient: { cutAfter: 2 } })
  socket.write('b')
  const rest = await socket.toArray()
  assert.equal(Buffer.concat(rest as Buffer[]).toString(), '56')
})

test('another target is for connections to come', async (t) => {
  const proxy = await stage(t)
  proxy.retarget({ port: await startServer(t, (socket) => void socket.end('the other one')) })
  assert.equal((await ask(proxy)).bytes.toString(), 'the other one')
})

test('a server that is not there is a reset', async (t) => {
  const proxy = await stage(t)
  proxy.retarget({ port: 1 })
  assert.equal((await ask(proxy)).how, 'ECONNRESET')
})

test('the same seed gives the same faults, in whatever order connections come, and other seeds others', () => {
  const [plan, same, other] = [seededFaults(7), seededFaults(7), seededFaults(8)]
  const numbers = Array.from({ length: 200 }, (_, index) => index)
  const drawn = numbers.map(plan)
  assert.deepEqual(numbers.toReversed().map(same).toReversed(), drawn)
  assert.notDeepEqual(numbers.map(other), drawn)
  const struck = drawn.filter((fault) => Object.keys(fault).length > 0).length
  assert.ok(struck > 60 && struck < 140, `${struck} of 200`)
})
