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
