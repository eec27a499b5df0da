/** Log lines of one thread in the output of another. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createBatchedLogger } from '../../../src/observe/logger.ts'
import { type LogCalls, logCalls, RemoteLogStream } from '../../../src/workers/log-output.ts'
import { FakeClock } from '../../support/fake-clock.ts'
import { linkedSides } from '../../support/linked-sides.ts'

function stage(calls: (texts: string[]) => LogCalls = (texts) => logCalls({ write: (text) => void texts.push(text) })) {
  const texts: string[] = []
  const clock = new FakeClock()
  const sides = linkedSides(calls(texts))
  const stream = new RemoteLogStream(sides.near)
  return { ...sides, texts, clock, stream, output: createBatchedLogger('info', clock, stream) }
}

test('lines arrive together and unchanged, those of the logger and those of requests in their order', async () => {
  using sides = stage()
  const { output, clock, texts } = sides
  output.write('{"request":1}\n')
  output.logger.info({ part: 'disk' }, 'w\u00f6rks')
  output.logger.debug('not told')
  output.write('{"request":2}\n')
  await sides.settle()
  assert.deepEqual(texts, [])
  await clock.advance(100)
  await sides.stream.taken
  assert.equal(texts.length, 1)
  const lines = texts.join('').trimEnd().split('\n')
  assert.deepEqual(
    lines.filter((_, index) => index !== 1),
    ['{"request":1}', '{"request":2}'],
  )
  const { part, msg } = JSON.parse(lines[1] ?? '')
  assert.deepEqual({ part, msg }, { part: 'disk', msg: 'w\u00f6rks' })
})

test('a flush hands over what is gathered, and says when it has arrived', async () => {
  using sides = stage()
  sides.output.write('last words\n')
  sides.output.flush()
  await sides.stream.taken
  assert.deepEqual(sides.texts, ['last words\n'])
})

test('lines are lost once 16 MiB wait, and a thread that is gone is not waited for', async () => {
  const sizes: number[] = []
  const takeNothing = (text: string) => {
    sizes.push(text.length)
    return new Promise(() => {}) as never
  }
  using sides = stage(() => ({ logText: takeNothing }))
  const line = `${'x'.repeat((1 << 20) - 1)}\n`
  for (let count = 0; count < 20; count++) sides.stream.write(line)
  await sides.settle()
  assert.equal(sizes.length, 16)
  sides.near.close()
  await sides.stream.taken
})

test('what was taken makes room', async () => {
  using sides = stage()
  const line = `${'x'.repeat((1 << 20) - 1)}\n`
  for (let count = 0; count < 32; count++) {
    sides.stream.write(line)
    if (count === 15) await sides.stream.taken
  }
  await sides.stream.taken
  assert.equal(sides.texts.length, 32)
})
