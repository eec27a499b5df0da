import assert from 'node:assert/strict'
import { constants } from 'node:http2'
import { test } from 'node:test'
import { setImmediate as turn } from 'node:timers/promises'
import { lentBuffer } from '../../../src/base/lent-bytes.ts'
import type { ProxyResponse } from '../../../src/http/messages.ts'
import { frame, frameType, plainGet, requestFrames } from '../../support/http2-frames.ts'
import { expectedBytes } from '../../support/synthetic-bytes.ts'
import { connectFrames, Http2Client, startTlsListener } from './http2-client.ts'
import { get, type RawClient, startListener } from './rig.ts'

const MiB = 1024 * 1024
const size = 16 * MiB
const seed = 3
const content = Buffer.from(expectedBytes(seed, 0, size))
const poison = 0xdb

/** The lender of a response: it has one place for all its bytes, and fills it with something else as soon as it may. */
class Lender {
  isOut = false

  /** In pieces of so many bytes, one after the other. */
  stream(pieceBytes: number): ProxyResponse {
    const place = Buffer.from(lentBuffer(pieceBytes))
    const lender = this
    async function* read() {
      for (let at = 0; at < size; at += pieceBytes) {
        const length = content.copy(place, 0, at, at + pieceBytes)
        lender.isOut = true
        try {
          yield place.subarray(0, length)
        } finally {
          place.fill(poison)
          lender.isOut = false
        }
      }
    }
    return { status: 200, headers: [], body: { kind: 'stream', size, read, discard() {} } }
  }

  whole(length: number): ProxyResponse {
    const bytes = Buffer.from(new SharedArrayBuffer(length))
    content.copy(bytes)
    this.isOut = true
    const finished = () => {
      bytes.fill(poison)
      this.isOut = false
    }
    return { status: 200, headers: [], body: { kind: 'bytes', bytes }, finished }
  }
}

/** Not deepEqual, which prints megabytes when it fails. */
function assertContent(bytes: Uint8Array, length: number): void {
  assert.equal(bytes.length, length)
  assert.ok(content.subarray(0, length).equals(bytes), 'bytes are wrong')
}

function bodyIn(client: RawClient): Buffer {
  return Buffer.from(client.text.slice(client.text.indexOf('\r\n\r\n') + 4), 'latin1')
}

const shapes: Readonly<Record<string, readonly [number, (lender: Lender) => ProxyResponse]>> = {
  'a stream of small pieces': [size, (lender) => lender.stream(10_000)],
  'a stream of large pieces': [size, (lender) => lender.stream(MiB)],
  'a whole body': [size, (lender) => lender.whole(size)],
  'a small whole body': [5000, (lender) => lender.whole(5000)],
}

for (const [shape, [length, make]] of Object.entries(shapes)) {
  test(`${shape} that is lent leaves as it was, for whoever reads it by fits and starts`, async (t) => {
    const lender = new Lender()
    const plain = await startListener(t, async () => make(lender))
    const secured = await startTlsListener(t, async () => make(lender))
    for (const client of [await plain.connect(), await secured.connectTls()]) {
      client.pause()
      client.send(get('/', 'Connection: close'))
      for (let taken = 0; taken < length; taken += 3 * MiB) {
        await client.take(3 * MiB)
        for (let turns = 0; turns < 5; turns += 1) await turn()
      }
      await client.take(size)
      assertContent(bodyIn(client), length)
    }
    const newer = new Http2Client(secured.url)
    secured.atEnd(() => newer.session.destroy())
    assertContent((await newer.get('/')).body, length)
    await Promise.all([plain.untilDone(1), secured.untilDone(2)])
    assert.equal(lender.isOut, false)
  })

  test(`${shape} is given back when its reader leaves, and what left before was as it should be`, async (t) => {
    const lender = new Lender()
    const rig = await startListener(t, async () => make(lender))
    const client = await rig.connect()
    client.pause()
    client.send(get('/'))
    await client.take(4000)
    client.reset()
    await rig.untilDone(1)
    assert.equal(lender.isOut, false)
    const body = bodyIn(client)
    assertContent(body, body.length)
  })
}

test('what is on its way when a stream of HTTP/2 is given up is not what took its place', async (t) => {
  for (const make of [(lender: Lender) => lender.stream(MiB), (lender: Lender) => lender.whole(size)]) {
    const lender = new Lender()
    const rig = await startTlsListener(t, async () => make(lender))
    const client = await connectFrames(rig)
    const wide = frame(frameType.windowUpdate, 0, 0, Buffer.of(64, 0, 0, 0))
    client.send(frame(frameType.settings, 0, 0, Buffer.of(0, 4, 64, 0, 0, 0)), wide, requestFrames(1, plainGet))
    await client.until(() => client.dataOf(1) > 0)
    client.socket.pause()
    for (let turns = 0; turns < 3000; turns += 1) await turn() // until nothing goes out any more
    const cancel = Buffer.alloc(4)
    cancel.writeUInt32BE(constants.NGHTTP2_CANCEL)
    client.send(frame(frameType.reset, 0, 1, cancel), frame(frameType.ping, 0, 0, Buffer.alloc(8)))
    await rig.untilDone(1)
    assert.equal(lender.isOut, false)
    client.socket.resume()
    await client.until(({ type }) => type === frameType.ping)
    const sent = Buffer.concat(
      client.frames.filter(({ type }) => type === frameType.data).map(({ payload }) => payload),
    )
    assert.ok(sent.length < size)
    assertContent(sent, sent.length)
  }
})
