import assert from 'node:assert/strict'
import { once } from 'node:events'
import { test } from 'node:test'
import type { ProxyResponse } from '../../../src/http/messages.ts'
import { chunks } from './exchange.ts'
import { Http2Client, startTlsListener } from './http2-client.ts'
import { get, startListener } from './rig.ts'

const text = Buffer.from('crow')
const ok = { status: 200, headers: [] } as const

async function* breaking() {
  yield text
  throw new Error('the source broke')
}

const unending = async function* (signal: AbortSignal) {
  yield text
  await once(signal, 'abort')
}

const stream = (read: (signal: AbortSignal) => AsyncIterable<Uint8Array>) =>
  ({ kind: 'stream', size: 8, read, discard() {} }) as const

interface Script {
  readonly response: ProxyResponse
  /** The client goes once it has something. */
  readonly leaves?: boolean
}

const scripts: Readonly<Record<string, Script>> = {
  'is empty': { response: { ...ok, body: { kind: 'empty' } } },
  'is whole at once': { response: { ...ok, body: { kind: 'bytes', bytes: text } } },
  streams: { response: { ...ok, body: stream(() => chunks('crow', 'crow')) } },
  'breaks off': { response: { ...ok, body: stream(breaking) } },
  'has fields that cannot be sent': {
    response: { ...ok, headers: ['X-Bad', 'a\r\nb'], body: { kind: 'bytes', bytes: text } },
  },
  'finds its client gone': { response: { ...ok, body: stream(unending) }, leaves: true },
}

for (const [what, { response, leaves = false }] of Object.entries(scripts)) {
  test(`a response that ${what} is told once that it is finished, over HTTP/1.1 and HTTP/2`, async (t) => {
    let finished = 0
    const handle = async () => ({ ...response, finished: () => void finished++ })

    const plain = await startListener(t, handle)
    const raw = await plain.connect()
    raw.send(get('/'))
    await raw.take(1)
    if (leaves) raw.destroy()
    await plain.untilDone(1)
    assert.equal(finished, 1)

    const secured = await startTlsListener(t, handle)
    const client = new Http2Client(secured.url)
    secured.atEnd(() => client.session.destroy())
    const answer = client.open({ ':path': '/', ':authority': 'a.test' })
    await once(answer, 'response')
    if (leaves) answer.close()
    else answer.resume()
    await secured.untilDone(1)
    assert.equal(finished, 2)
  })
}

test('a response is finished before the connection turns to its next request', async (t) => {
  const order: string[] = []
  const { converse } = await startListener(t, async ({ path }) => {
    order.push(`handles ${path}`)
    return { ...ok, body: { kind: 'empty' }, finished: () => void order.push(`finished ${path}`) }
  })
  await converse(get('/1') + get('/2', 'Connection: close'))
  assert.deepEqual(order, ['handles /1', 'finished /1', 'handles /2', 'finished /2'])
})
