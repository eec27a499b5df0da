/** Who gets the only connection. */
import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { setImmediate as turn } from 'node:timers/promises'
import type { Origin } from '../../../src/origin/origin.ts'
import { startRawServer } from '../../support/raw-server.ts'
import { answer, ask, askForObject, originAt, refTo, textOf } from './rig.ts'

/** The first answer goes on until `release`; of the others `served` are whole, and nothing comes after them. */
async function stage(t: TestContext, served: number) {
  const released = Promise.withResolvers<void>()
  const server = await startRawServer(t, async (connection) => {
    await connection.request()
    connection.send(answer(200, ['Content-Length: 5']))
    await released.promise
    connection.send('whole')
    for (let count = 0; count < served; count += 1) {
      await connection.request()
      connection.send(answer(200, [], 'whole'))
    }
    await connection.request()
  })
  const { origin } = originAt(t, server.url, { connections: 1 })
  const first = await askForObject(origin, {}, refTo('first'))
  const release = () => {
    released.resolve()
    return textOf(first.body)
  }
  const asked = () => server.requests.map((head) => head.split(' ')[1]?.replace('/bucket/', ''))
  return { origin, release, asked }
}

async function waiting(origin: Origin, count: number): Promise<void> {
  while (origin.waiting !== count) await turn()
}

test('whoever has no byte so far comes before those who go on, every other time', async (t) => {
  const { origin, release, asked } = await stage(t, 5)
  const read = (name: string, isGoingOn: boolean) =>
    askForObject(origin, { isGoingOn }, refTo(name)).then(({ body }) => textOf(body))
  const goingOn = ['on-1', 'on-2', 'on-3'].map((name) => read(name, true))
  await waiting(origin, 3)
  const beginning = ['new-1', 'new-2'].map((name) => read(name, false))
  await waiting(origin, 5)
  await release()
  await Promise.all([...goingOn, ...beginning])
  assert.deepEqual(asked(), ['first', 'new-1', 'on-1', 'new-2', 'on-2', 'on-3'])
})

test('the place of one that was given up is nobody else’s loss', async (t) => {
  const { origin, release, asked } = await stage(t, 2)
  const leaving = new AbortController()
  const left = ask(origin, { signal: leaving.signal }, refTo('left'))
  const goingOn = ask(origin, { isGoingOn: true }, refTo('on'))
  const beginning = ask(origin, {}, refTo('new'))
  await waiting(origin, 3)
  leaving.abort(new Error('left'))
  await assert.rejects(left, /left/)
  await release()
  await Promise.all([goingOn, beginning])
  assert.deepEqual([asked(), origin.waiting], [['first', 'new', 'on'], 0])
})

test('when the origin is closed everybody hears of it, whoever took whose place', async (t) => {
  const { origin, release, asked } = await stage(t, 0)
  const goingOn = ask(origin, { isGoingOn: true }, refTo('on'))
  await waiting(origin, 1)
  const beginning = ask(origin, {}, refTo('new'))
  await waiting(origin, 2)
  await release()
  while (asked().length < 2) await turn()
  assert.deepEqual([asked(), origin.waiting], [['first', 'new'], 1])
  const both = Promise.allSettled([goingOn, beginning])
  await origin.close()
  assert.deepEqual(
    (await both).map(({ status }) => status),
    ['rejected', 'rejected'],
  )
})
