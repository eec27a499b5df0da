import assert from 'node:assert/strict'
import { test } from 'node:test'
import { AnswerBody } from '../../../src/origin/answer-body.ts'
import { failsWith, textOf } from './rig.ts'

const kib = (count: number) => Buffer.alloc(count * 1024)

function bodyFrom(...chunks: string[]) {
  const calls: string[] = []
  const body = new AnswerBody({
    pause: () => calls.push('pause'),
    resume: () => calls.push('resume'),
    cancel: () => calls.push('cancel'),
  })
  for (const chunk of chunks) body.push(Buffer.from(chunk))
  return { body, calls }
}

test('chunks come in order, whether the reader or the sender is first', async () => {
  const { body } = bodyFrom('a')
  const text = textOf(body)
  body.push(Buffer.from('b'))
  body.end()
  assert.equal(await text, 'ab')
})

test('the sender is paused once for all that is unread, and resumed when it is read', async () => {
  const { body, calls } = bodyFrom()
  for (let chunk = 0; chunk < 4; chunk += 1) body.push(kib(32))
  assert.deepEqual(calls, ['pause'])
  for (let chunk = 0; chunk < 4; chunk += 1) await body.next()
  assert.deepEqual(calls, ['pause', 'resume'])
})

test('a sender that has ended is not resumed', async () => {
  const { body, calls } = bodyFrom()
  body.push(kib(64))
  body.end()
  assert.equal((await textOf(body)).length, 64 * 1024)
  assert.deepEqual(calls, ['pause'])
})

test('a failure comes after the chunks before it, every time it is asked for', async () => {
  const { body } = bodyFrom('a')
  body.fail(new Error('broken'))
  body.fail(new Error('once more'))
  assert.equal((await body.next()).done, false)
  await assert.rejects(body.next(), { message: 'broken' })
  await assert.rejects(body.next(), { message: 'broken' })
})

test('an abort comes before what is unread', async () => {
  const { body } = bodyFrom('a')
  body.abort(new Error('gone'))
  await assert.rejects(body.next(), { message: 'gone' })
})

test('a chunk put back is read again and counted once', async () => {
  const { body } = bodyFrom('abc', 'de')
  const first = await body.next()
  body.unread(first.value ?? Buffer.alloc(0))
  body.end()
  body.expect(5)
  assert.equal(await textOf(body), 'abcde')
})

test('a body of another length than expected fails, longer ones before their reader sees too much', async () => {
  const short = bodyFrom('abc').body
  short.expect(4)
  short.end()
  await assert.rejects(textOf(short), failsWith('OriginTruncated'))
  const long = bodyFrom('abc')
  long.body.expect(2)
  await assert.rejects(long.body.next(), failsWith('OriginMalformed'))
  assert.deepEqual(long.calls, ['cancel'])
})

test('cancelling ends the body for its reader, and tells the sender once', async () => {
  const { body, calls } = bodyFrom('a')
  const chunks = body[Symbol.asyncIterator]()
  await chunks.next()
  const waiting = chunks.next()
  body.cancel()
  body.cancel()
  body.push(Buffer.from('late'))
  assert.equal((await waiting).done, true)
  assert.equal((await chunks.next()).done, true)
  assert.deepEqual(calls, ['cancel'])
})

test('a body that has come is taken whole, once, in bytes of its own', async () => {
  const { body, calls } = bodyFrom('ab', 'c')
  body.expect(3)
  body.end()
  const whole = body.takeWhole(3)
  assert.equal(Buffer.from(whole ?? []).toString(), 'abc')
  assert.equal(whole?.buffer.byteLength, 3)
  assert.equal(body.takeWhole(3), undefined)
  body.cancel()
  assert.equal((await body.next()).done, true)
  assert.deepEqual(calls, [])
})

const notYetWhole: [what: string, make: () => AnswerBody][] = [
  ['on its way', () => bodyFrom('abc').body],
  ['of another length', () => ended(bodyFrom('ab').body)],
  ['shorter than announced', () => ended(expecting(4, bodyFrom('abc').body))],
  ['broken off', () => broken(bodyFrom('abc').body)],
]
for (const [what, make] of notYetWhole) {
  test(`a body that is ${what} is not taken whole, and loses nothing by the question`, async () => {
    const body = make()
    assert.equal(body.takeWhole(3), undefined)
    assert.equal((await body.next()).done, false)
  })
}

test('a body that was begun is not taken whole', async () => {
  const { body } = bodyFrom('a', 'abc')
  body.end()
  await body.next()
  assert.equal(body.takeWhole(3), undefined)
  assert.equal(await textOf(body), 'abc')
})

function ended(body: AnswerBody): AnswerBody {
  body.end()
  return body
}

function expecting(bytes: number, body: AnswerBody): AnswerBody {
  body.expect(bytes)
  return body
}

function broken(body: AnswerBody): AnswerBody {
  body.fail(new Error('broken'))
  return body
}
