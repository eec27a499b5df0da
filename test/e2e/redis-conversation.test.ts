/** The Redis tier against a server that says what the test wants: which commands are sent, over which connection, and what nonsense does. */

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { everything } from '../../src/cache/scope.ts'
import { Barrier } from '../support/barrier.ts'
import { idOf, objectOf, sliceIdOf, sliceOf } from '../support/cache-records.ts'
import { startFakeRedis } from '../support/fake-redis.ts'
import {
  createTestTier,
  eventually,
  impatient,
  operationTimeoutMs,
  RedisEventLog,
  untilUsable,
} from '../support/redis-tier.ts'

/** What a busy machine may add to a timer. */
const slackMs = 200

const x = idOf('x')

test('a command whose connection breaks is sent once more, and no third time', async (t) => {
  let breaks = 1
  const fake = await startFakeRedis(t, ([name]) => {
    if (name !== 'exists') return 'ok'
    if (breaks-- > 0) {
      fake.hangUp()
      return undefined
    }
    return ':1\r\n'
  })
  const tier = createTestTier({ url: fake.url, redis: { poolSize: 1 } })
  t.after(() => tier.close())
  await eventually(() => tier.has(x))
  const asked = () => fake.commands.filter((command) => command.includes(' exists ')).length
  assert.equal(asked(), 2)
  breaks = 2
  await assert.rejects(tier.has(x), { kind: 'connection-lost' })
  assert.equal(asked(), 4)
})

const nonsense = {
  'no protocol at all': 'HTTP/1.1 400 Bad Request\r\n\r\n',
  numbers: ':7\r\n',
  nulls: '$-1\r\n',
  lists: '*2\r\n:1\r\n$-1\r\n',
  'texts that are no records': '$5\r\nhello\r\n',
  'that it is loading': '-LOADING Redis is loading the dataset in memory\r\n',
  'that the key has moved': '-MOVED 3999 127.0.0.1:1\r\n',
}

for (const [what, reply] of Object.entries(nonsense)) {
  test(`a server that answers ${what} is a failure or a miss in time, never a record`, async (t) => {
    const fake = await startFakeRedis(t, ([name = '']) =>
      ['client', 'time', 'zrange', 'get'].includes(name) ? 'ok' : reply,
    )
    const tier = impatient(t, { url: fake.url })
    await eventually(async () => {
      const startMs = performance.now()
      for (const id of [x, sliceIdOf('x', 1)]) {
        assert.equal(await tier.get(id).catch(() => undefined), undefined)
        await tier.put(id, objectOf('y')).catch(() => undefined)
        assert.deepEqual(await tier.remove(id).catch(() => ({ entries: 0, bytes: 0 })), { entries: 0, bytes: 0 })
      }
      await tier.has(x).catch(() => undefined)
      await tier.clear(everything).catch(() => undefined)
      assert.ok(performance.now() - startMs < 8 * (operationTimeoutMs + slackMs))
      return fake.commands.filter((command) => / (?:getrange|set|strlen|exists|scan) /.test(command)).length >= 10
    })
  })
}

for (const [what, reply] of Object.entries({ silent: undefined, ...nonsense })) {
  for (const asked of ['zrange', 'get']) {
    test(`records are not read while a server is ${what} about purges, asked with ${asked}, and are written`, async (t) => {
      let isStrange = true
      const fake = await startFakeRedis(t, ([name = '']) => {
        if (name === 'getrange') return '$0\r\n\r\n'
        return name === asked && isStrange ? reply : 'ok'
      })
      const tier = impatient(t, { url: fake.url })
      await eventually(() => tier.put(x, objectOf('y')).then(() => true))
      if (what === 'nulls' && asked === 'get') return // which is a proper answer
      for (const read of [() => tier.get(x), () => tier.has(x), () => tier.peek(x)]) {
        const startMs = performance.now()
        await assert.rejects(read())
        assert.ok(performance.now() - startMs < operationTimeoutMs + slackMs)
      }
      assert.equal(fake.commands.filter((command) => / (?:getrange|exists) /.test(command)).length, 0)
      isStrange = false
      await eventually(async () => (await tier.get(x)) === undefined)
    })
  }
}

test('a server that greets with nonsense is told as lost', async (t) => {
  const fake = await startFakeRedis(t, () => 'HTTP/1.1 400 Bad Request\r\n\r\n')
  const events = new RedisEventLog()
  const tier = impatient(t, { url: fake.url, events })
  await eventually(() => events.lines.length > 0)
  await assert.rejects(tier.get(x))
  assert.equal(events.lines.length, 1)
})

test('a small read does not wait behind bulk', async (t) => {
  const hold = new Barrier()
  const bulk = new Set<number>()
  const fake = await startFakeRedis(t, ([name, key = ''], connection) => {
    if (name === 'set' && key.includes(':s=')) {
      bulk.add(connection)
      void hold.arrive()
      return undefined
    }
    return name === 'getrange' ? '$0\r\n\r\n' : 'ok'
  })
  const tier = createTestTier({ url: fake.url, redis: { operationTimeoutMs: 1000 } })
  t.after(() => tier.close())
  await untilUsable(tier)
  const stuck = tier.put(sliceIdOf('big', 1), sliceOf(2 ** 20, 2 ** 30))
  stuck.catch(() => undefined) // it ends with the connection
  await hold.reached
  assert.equal(await tier.get(x), undefined)
  const reads = fake.commands.filter((command) => command.includes(' getrange '))
  assert.ok(reads.length > 0)
  for (const read of reads) assert.equal(bulk.has(Number(read.split(' ', 1)[0])), false, read)
})

test('a removal is not sent before a write of the same record is answered, though nobody waits for that any more', async (t) => {
  let isSilent = true
  const fake = await startFakeRedis(t, ([name, key = '']) => {
    if (name === 'set' && key.includes(':s=') && isSilent) return undefined
    if (name === 'getrange') return '$0\r\n\r\n'
    return name === 'unlink' ? ':1\r\n' : 'ok'
  })
  const tier = impatient(t, { url: fake.url })
  await untilUsable(tier)
  const slice = sliceIdOf('big', 1)
  const sent = (name: string) => fake.commands.filter((command) => command.includes(` ${name} `)).length
  await assert.rejects(tier.put(slice, sliceOf(2 ** 20, 2 ** 30)), { kind: 'deadline' })
  await assert.rejects(tier.remove(slice), { kind: 'deadline' })
  await tier.remove(x)
  assert.deepEqual([sent('set'), sent('unlink')], [1, 1])
  isSilent = false
  fake.hangUp()
  await eventually(() => tier.remove(slice).then(() => true))
  assert.equal(sent('unlink'), 2)
})

test('a key that a scan brings along is left alone unless it is ours', async (t) => {
  const keys = ['p:media:a', 'media:b', 'p:mediaplus:c'].map((key) => `$${key.length}\r\n${key}\r\n`)
  const fake = await startFakeRedis(t, ([name]) => {
    if (name === 'scan') return `*2\r\n$1\r\n0\r\n*3\r\n${keys.join('')}`
    return name === 'getrange' ? '$0\r\n\r\n' : 'ok'
  })
  const tier = createTestTier({ url: fake.url, keyPrefix: 'p:' })
  t.after(() => tier.close())
  await untilUsable(tier)
  await tier.clear({ kind: 'bucket', bucket: 'media' })
  const removed = fake.commands.filter((command) => command.includes(' unlink '))
  assert.deepEqual(
    removed.map((command) => command.split(' ')[2]),
    ['p:media:a'],
  )
})

test('no single read asks for more than the largest value, and a head for no more than its share', async (t) => {
  const fake = await startFakeRedis(t, ([name]) => (name === 'getrange' ? '$0\r\n\r\n' : 'ok'))
  const tier = createTestTier({ url: fake.url })
  t.after(() => tier.close())
  await untilUsable(tier)
  await tier.get(x)
  await tier.get(sliceIdOf('x', 1))
  const reads = fake.commands.filter((command) => / getrange \S*media:x/.test(command))
  assert.deepEqual(
    reads.map((read) => read.split(' ').slice(-2).join(' ')),
    ['0 32767', `0 ${4 * 2 ** 20 - 1}`],
  )
  assert.equal(
    fake.commands.some((command) => / get \S*media:/.test(command)),
    false,
  )
})

test('a tier that is closed while it clears leaves off', async (t) => {
  const endless = '*2\r\n$1\r\n1\r\n*0\r\n'
  const fake = await startFakeRedis(t, ([name]) => {
    if (name === 'scan') return endless
    return name === 'getrange' ? '$0\r\n\r\n' : 'ok'
  })
  const tier = createTestTier({ url: fake.url, clearWithinMs: 0 })
  await untilUsable(tier)
  assert.deepEqual(await tier.clear(everything), { entries: 0, bytes: 0, isPending: true })
  const startMs = performance.now()
  await tier.close()
  assert.ok(performance.now() - startMs < 1000 + slackMs)
})

test('clearing waits for the writes that it covers, and for no others', async (t) => {
  const hold = new Barrier()
  const fake = await startFakeRedis(t, ([name, key = '']) => {
    if (name === 'set' && key.endsWith('media:x')) return void hold.arrive()
    if (name === 'scan') return '*2\r\n$1\r\n0\r\n*0\r\n'
    return name === 'getrange' ? '$0\r\n\r\n' : 'ok'
  })
  const tier = impatient(t, { url: fake.url })
  await untilUsable(tier)
  const stuck = tier.put(x, objectOf('x'))
  stuck.catch(() => undefined) // it ends with its time
  await hold.reached
  const before = fake.commands.length
  await tier.clear({ kind: 'object', id: idOf('y') })
  await assert.rejects(tier.clear({ kind: 'object', id: x }), { kind: 'deadline' })
  const sent = fake.commands.slice(before).filter((command) => / unlink /.test(command))
  assert.ok(sent.every((command) => command.endsWith('media:y')))
})
