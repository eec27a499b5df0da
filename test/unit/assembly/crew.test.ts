/** Threads that serve requests, and what becomes of those that go wrong. */
import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { setImmediate as turn } from 'node:timers/promises'
import { Crew } from '../../../src/assembly/crew.ts'
import { systemClock } from '../../../src/base/clock.ts'
import type { Config } from '../../../src/config/config.ts'
import { createLogger } from '../../../src/observe/logger.ts'
import { FakeClock } from '../../support/fake-clock.ts'

/** `mishaps`: of the threads in the order in which they are started; those that follow do well. */
function crewOf(t: TestContext, size: number, mishaps: readonly string[]) {
  const clock = new FakeClock()
  const said: string[] = []
  const ended: number[] = []
  const log = createLogger({ level: 'info', format: 'json' }, systemClock, {
    write: (line) => said.push(JSON.parse(line).msg),
  })
  let [started, generation] = [0, 1]
  const current = () => ({ number: generation, config: {} as Config })
  const crew = new Crew({ host: '127.0.0.1', port: 0 }, size, {
    ...{ clock, current, logger: log.logger },
    program: new URL('../../support/short-lived-worker.ts', import.meta.url),
    boot: () => ({ mishap: mishaps[started++] ?? 'none' }),
    calls: () => ({}),
    opening: () => ({ purges: [] }),
    serving: async () => {},
    ended: async (thread) => void ended.push(thread),
  })
  t.after(() => crew.drain(0))
  return {
    ...{ crew, clock, said, ended },
    started: () => started,
    next: () => ({ number: ++generation, config: {} as Config }),
  }
}

test('a crew serves when all its threads do, and tells what they have together', async (t) => {
  const { crew } = crewOf(t, 2, [])
  assert.deepEqual(await crew.listen(), { host: '127.0.0.1', port: 1, url: 'http://127.0.0.1:1' })
  assert.deepEqual(await crew.load(), { connections: 2, requests: 4 })
})

test('a thread that cannot start is told of, and the crew does not serve', async (t) => {
  const { crew } = crewOf(t, 2, ['none', 'cannot open'])
  await assert.rejects(crew.listen(), /out of luck/)
})

test('a thread that hangs is ended and replaced', async (t) => {
  const { crew, clock, said, ended, started } = crewOf(t, 1, ['hangs'])
  await crew.listen()

  for (let looks = 0; looks < 13; looks++) await clock.advance(5000)
  while (ended.length === 0) await turn()
  while (started() < 2) await clock.advance(50)

  assert.deepEqual(said, ['a worker hangs, and is ended', 'a worker has ended, and is replaced'])
  while (crew.links.size === 0) await turn()
  assert.deepEqual(await crew.load(), { connections: 1, requests: 2 })
})

test('a config that one thread cannot make is refused, and the others forget it', async (t) => {
  const { crew, next } = crewOf(t, 2, ['none', 'cannot take up'])
  await crew.listen()
  await assert.rejects(crew.prepare(next()), /cannot be made here/)
})

test('a thread that missed the preparation of a config, and cannot take it up, is replaced by one that begins with it', async (t) => {
  const { crew, clock, next, started, said } = crewOf(t, 2, ['none', 'cannot take up'])
  await crew.listen()
  next()

  await crew.commit()
  while (started() < 3) await clock.advance(50)

  assert.ok(said.includes('a worker cannot take up the config, and is replaced'))
})

test('a thread that is brought up to a config twice at a time takes it up once, and stays', async (t) => {
  const { crew, next, ended } = crewOf(t, 2, [])
  await crew.listen()
  next()

  await Promise.all([crew.commit(), crew.commit()])

  assert.deepEqual([await crew.load(), ended], [{ connections: 4, requests: 4 }, []])
})

test('a thread that is brought up while the next config is prepared does not begin with that', async (t) => {
  const { crew, next } = crewOf(t, 1, [])
  await crew.listen()
  const { number, config } = next()

  await Promise.all([crew.commit(), crew.prepare({ number: number + 1, config })])
  crew.discard()

  assert.equal((await crew.load()).connections, number)
})
