/** What every origin promises, whatever stands behind it. */

import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import type { ObjectRef, Origin, OriginAnswer, OriginQuery } from '../../src/origin/origin.ts'

export interface OriginFixture {
  readonly origin: Origin
  /** The bucket to name in questions. */
  readonly bucket: string
  /** Stores an object behind the origin; its ETag, quotes included. */
  put(key: string, bytes: Uint8Array): Promise<string>
}

type ObjectAnswer = Extract<OriginAnswer, { kind: 'object' }>

const large = Buffer.alloc(3 * 1024 * 1024, 'The large object. ')

export function originContract(name: string, make: (t: TestContext) => Promise<OriginFixture>): void {
  const promise = (what: string, check: (rig: Rig) => Promise<void>) =>
    test(`${name}: ${what}`, async (t) => check(new Rig(await make(t))))

  promise('a stored object comes back with its size, its tag and its bytes', async (rig) => {
    const etag = await rig.put('a', Buffer.from('hello'))
    const { head, start, body } = await rig.object('a')
    assert.deepEqual([head.status, head.size, head.etag, start], [200, 5, etag, 0])
    assert.ok(head.requestedAt <= head.receivedAt)
    assert.equal(String(await bytesOf(body)), 'hello')
  })

  promise('an empty object is an object of size 0', async (rig) => {
    await rig.put('empty', new Uint8Array())
    const { head, body } = await rig.object('empty')
    assert.equal(head.size, 0)
    assert.equal((await bytesOf(body)).length, 0)
  })

  promise('HEAD tells what GET tells, without bytes', async (rig) => {
    await rig.put('a', Buffer.from('hello'))
    const [got, told] = [await rig.object('a'), await rig.object('a', { method: 'HEAD' })]
    await bytesOf(got.body)
    assert.deepEqual([told.head.status, told.head.size, told.head.etag], [200, 5, got.head.etag])
    assert.equal((await bytesOf(told.body)).length, 0)
  })

  promise('a large object comes whole', async (rig) => {
    await rig.put('large', large)
    assert.ok((await bytesOf((await rig.object('large')).body)).equals(large))
  })

  promise('ranges come with their place and the size of the whole', async (rig) => {
    await rig.put('large', large)
    const ranges = [
      { range: { start: 0, end: 10 }, from: 0, to: 10 },
      { range: { start: 1_000_000, end: 2_500_000 }, from: 1_000_000, to: 2_500_000 },
      { range: { start: large.length - 3 }, from: large.length - 3, to: large.length },
      { range: { start: large.length - 3, end: large.length + 500 }, from: large.length - 3, to: large.length },
      { range: { suffix: 7 }, from: large.length - 7, to: large.length },
    ]
    for (const { range, from, to } of ranges) {
      const { head, start, end, body } = await rig.object('large', { range })
      assert.deepEqual([head.status, head.size, start, end ?? large.length], [200, large.length, from, to])
      assert.ok((await bytesOf(body)).equals(large.subarray(from, to)))
    }
  })

  promise('a range outside the object is unsatisfiable', async (rig) => {
    await rig.put('a', Buffer.from('hello'))
    assert.deepEqual(await rig.ask('a', { range: { start: 5 } }), { kind: 'unsatisfiable' })
  })

  promise('If-Match holds for this version and no other', async (rig) => {
    const etag = await rig.put('a', Buffer.from('hello'))
    await bytesOf((await rig.object('a', { ifMatch: etag, range: { start: 1 } })).body)
    assert.deepEqual(await rig.ask('a', { ifMatch: '"other"', range: { start: 1 } }), { kind: 'changed' })
  })

  promise('If-None-Match confirms this version and answers with another', async (rig) => {
    const etag = await rig.put('a', Buffer.from('hello'))
    assert.equal((await rig.ask('a', { ifNoneMatch: etag })).kind, 'not-modified')
    assert.equal(String(await bytesOf((await rig.object('a', { ifNoneMatch: '"other"' })).body)), 'hello')
  })

  promise('what is not there is missing, to GET and to HEAD', async (rig) => {
    for (const method of ['GET', 'HEAD'] as const) {
      const missing = await rig.ask('nothing', { method })
      assert.equal(missing.kind === 'missing' && missing.code, 'NoSuchKey')
    }
  })

  promise('hostile keys are different objects', async (rig) => {
    const keys = ['x//y', 'x/y', '/lead', './x', 'd/../e', 'e', 'a+b', 'a b', '%41', 'A', 'e\u0301', '\u00e9', 'q?#&']
    for (const key of keys) await rig.put(key, Buffer.from(key))
    for (const key of keys) assert.equal(String(await bytesOf((await rig.object(key)).body)), key)
  })

  promise('leaving the loop early, cancelling and doing nothing but cancelling all leave it usable', async (rig) => {
    await rig.put('large', large)
    for await (const chunk of (await rig.object('large')).body) {
      assert.ok(chunk.length > 0)
      break
    }
    const { body } = await rig.object('large')
    body.cancel()
    body.cancel()
    await bytesOf((await rig.object('large')).body)
  })

  promise('a signal that has fired already rejects with its reason', async (rig) => {
    await rig.put('a', Buffer.from('hello'))
    await assert.rejects(rig.ask('a', { signal: AbortSignal.abort(new Error('gone')) }), { message: 'gone' })
  })

  promise('a signal that fires ends the body with its reason', async (rig) => {
    await rig.put('large', large)
    const gone = new AbortController()
    const { body } = await rig.object('large', { signal: gone.signal })
    const chunks = body[Symbol.asyncIterator]()
    await chunks.next()
    gone.abort(new Error('gone'))
    await assert.rejects(
      async () => {
        while ((await chunks.next()).done !== true);
      },
      { message: 'gone' },
    )
  })

  promise('the fingerprint is the same every time, and closing is final', async (rig) => {
    assert.equal(rig.origin.fingerprint, rig.origin.fingerprint)
    await rig.origin.close()
    await assert.rejects(rig.ask('a'))
  })
}

/** The fixture, with what the tests ask of it. */
class Rig {
  readonly origin: Origin
  readonly put: OriginFixture['put']
  readonly #bucket: string

  constructor(fixture: OriginFixture) {
    this.origin = fixture.origin
    this.put = fixture.put
    this.#bucket = fixture.bucket
  }

  ask(key: string, query: Partial<OriginQuery> = {}): Promise<OriginAnswer> {
    const ref: ObjectRef = { bucket: this.#bucket, key, query: '' }
    return this.origin.ask(ref, { method: 'GET', signal: new AbortController().signal, ...query })
  }

  async object(key: string, query: Partial<OriginQuery> = {}): Promise<ObjectAnswer> {
    const answer = await this.ask(key, query)
    assert.equal(answer.kind, 'object')
    return answer as ObjectAnswer
  }
}

async function bytesOf(body: AsyncIterable<Uint8Array>): Promise<Buffer> {
  const chunks: Uint8Array[] = []
  for await (const chunk of body) chunks.push(chunk)
  return Buffer.concat(chunks)
}
