/** The ways to a Redis: passwords, users, databases, TLS. */

import assert from 'node:assert/strict'
import { after, type TestContext, test } from 'node:test'
import { systemClock } from '../../src/base/clock.ts'
import type { EpochMs } from '../../src/base/types.ts'
import { everything } from '../../src/cache/scope.ts'
import { RedisClient } from '../../src/redis/client.ts'
import type { RedisOptions } from '../../src/redis/options.ts'
import { idOf, objectOf } from '../support/cache-records.ts'
import { makeCertificates } from '../support/certificates.ts'
import { createFakeRandom } from '../support/fake-random.ts'
import { type Cleanup, startOwnRedis } from '../support/redis-server.ts'
import {
  createTestTier,
  eventually,
  openTestTier,
  RedisEventLog,
  redisOptions,
  silentEvents,
} from '../support/redis-tier.ts'

const certificates = await makeCertificates({ after })
const { ca, client } = certificates

function startTlsRedis(t: Cleanup, more: readonly string[] = []) {
  const { server } = certificates
  const files = [
    '--tls-cert-file',
    server.certPath,
    '--tls-key-file',
    server.keyPath,
    '--tls-ca-cert-file',
    ca.certPath,
  ]
  return startOwnRedis(t, (port) => ['--port', '0', '--tls-port', String(port), ...files, ...more])
}

async function assertWorks(t: TestContext, url: string, redis: Partial<RedisOptions> = {}): Promise<void> {
  const tier = await openTestTier({ url, redis })
  t.after(() => tier.close())
  await tier.put(idOf('x'), objectOf('hello'))
  assert.deepEqual(await tier.get(idOf('x')), objectOf('hello'))
}

async function assertLost(t: TestContext, url: string, redis: Partial<RedisOptions>, reason: RegExp): Promise<void> {
  const events = new RedisEventLog()
  const tier = createTestTier({ url, redis, events })
  t.after(() => tier.close())
  await eventually(() => events.lines.length > 0)
  assert.match(events.lines[0] ?? '', reason)
}

test('a password opens Redis, from the settings or the url; none does not', async (t) => {
  const { url } = await startOwnRedis(t, ['--requirepass', 's e:cret'])
  await assertWorks(t, url, { password: 's e:cret' })
  await assertWorks(t, url.replace('//', '//:s%20e%3Acret@'))
  await assertLost(t, url, {}, /^lost: NOAUTH/)
})

test('an ACL user who may do just what the tier needs, on its keys alone, is enough', async (t) => {
  const warn = t.mock.method(console, 'warn')
  const server = await startOwnRedis(t)
  const commands = [
    'getrange',
    'set',
    'unlink',
    'exists',
    'strlen',
    'scan',
    'dbsize',
    'time',
    'get',
    'zadd',
    'zcount',
    'zcard',
    'zrange',
    'eval',
    'evalsha',
    'hello',
    'client|setname',
  ]
  const rules = ['on', '>pw', '~cache:*', '-@all', ...commands.map((command) => `+${command}`)]
  await server.ask('ACL', 'SETUSER', 'proxy', ...rules)
  const tier = await openTestTier({
    url: server.url,
    keyPrefix: 'cache:',
    redis: { username: 'proxy', password: 'pw' },
  })
  t.after(() => tier.close())
  await tier.put(idOf('x'), objectOf('hello'))
  assert.deepEqual(await tier.get(idOf('x')), objectOf('hello'))
  assert.equal(await tier.has(idOf('x')), true)
  await tier.recount()
  assert.equal(tier.usage().items, 1)
  await tier.keep({ id: 'a', scope: everything, at: 0 as EpochMs, kind: 'hard' })
  assert.equal((await tier.clear(everything)).entries, 1)
  assert.equal(warn.mock.callCount(), 0)
})

test('what an ACL refuses is a failure, not a silent miss', async (t) => {
  const server = await startOwnRedis(t)
  await server.ask('ACL', 'SETUSER', 'reader', 'on', '>pw', '~*', '+@all', '-set')
  const tier = await openTestTier({ url: server.url, redis: { username: 'reader', password: 'pw' } })
  t.after(() => tier.close())
  await assert.rejects(tier.put(idOf('x'), objectOf('x')), { kind: 'refused', code: 'NOPERM' })
})

test('records live in the database that was asked for', async (t) => {
  const server = await startOwnRedis(t)
  await assertWorks(t, server.url, { db: 3 })
  await assertWorks(t, `${server.url}/4`)
  assert.match(String(await server.ask('INFO', 'keyspace')), /db3:keys=1,.*db4:keys=1,/s)
  assert.equal(await server.ask('DBSIZE'), 0)
})

test('TLS with a private authority, and with a certificate of our own where the server wants one', async (t) => {
  const open = await startTlsRedis(t, ['--tls-auth-clients', 'no'])
  await assertWorks(t, open.url.replace('redis:', 'rediss:'), { tls: { ca: ca.cert } })
  const strict = await startTlsRedis(t)
  await assertWorks(t, strict.url, { tls: { ca: ca.cert, cert: client.cert, key: client.key } })
})

test('a server whose certificate nobody vouches for, or that wants ours, is not talked to', async (t) => {
  const server = await startTlsRedis(t)
  await assertLost(t, server.url.replace('redis:', 'rediss:'), {}, /certificate/)
  await assertLost(t, server.url, { tls: { ca: ca.cert } }, /^lost: /)
})

test('settings that cannot be are told when the client is made', () => {
  const make = (options: Partial<RedisOptions>) => () =>
    new RedisClient(redisOptions('redis://127.0.0.1', options), {
      clock: systemClock,
      random: createFakeRandom(),
      events: silentEvents,
    })
  assert.throws(make({ tls: { ca: 'no PEM', cert: 'no PEM', key: 'no PEM' } }))
  assert.throws(make({ urls: [] }), /needs a url/)
})
