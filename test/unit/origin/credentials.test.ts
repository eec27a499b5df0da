import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setImmediate as turn } from 'node:timers/promises'
import type { EpochMs } from '../../../src/base/types.ts'
import { type Credentials, createCredentialSource, refreshedCredentials } from '../../../src/origin/credentials.ts'
import { FakeClock } from '../../support/fake-clock.ts'
import { failsWith } from './rig.ts'

const minuteMs = 60_000

/** A provider whose answers the test gives by hand, and the source over it. */
function sourceByHand() {
  const clock = new FakeClock()
  const asked: PromiseWithResolvers<Credentials>[] = []
  const source = refreshedCredentials(() => {
    const ask = Promise.withResolvers<Credentials>()
    asked.push(ask)
    return ask.promise
  }, clock)
  const named = (accessKeyId: string, validMs?: number): Credentials => ({
    accessKeyId,
    secretAccessKey: 's',
    ...(validMs === undefined ? {} : { expiresAt: (clock.now() + validMs) as EpochMs }),
  })
  return { clock, asked, source, named }
}

/** A source that holds credentials valid for an hour, with the clock four minutes before they expire. */
async function nearExpiry() {
  const rig = sourceByHand()
  const first = rig.source.current()
  rig.asked[0]?.resolve(rig.named('old', 60 * minuteMs))
  await first
  await rig.clock.advance(56 * minuteMs)
  return rig
}

test('static credentials are given as they are, anonymous ones are none', async () => {
  const fixed = { kind: 'static', accessKeyId: 'a', secretAccessKey: 's', sessionToken: 't' } as const
  const clock = new FakeClock()
  assert.equal((await createCredentialSource(fixed, 'r', clock).current())?.sessionToken, 't')
  assert.equal(await createCredentialSource({ kind: 'anonymous' }, 'r', clock).current(), undefined)
})

test('any number of first users cost one ask of the provider', async () => {
  const { asked, source, named } = sourceByHand()
  const users = Array.from({ length: 100 }, () => source.current())
  assert.equal(asked.length, 1)
  asked[0]?.resolve(named('k'))
  assert.deepEqual(new Set((await Promise.all(users)).map((held) => held?.accessKeyId)), new Set(['k']))
})

test('credentials without an expiry are asked for once', async () => {
  const { clock, asked, source, named } = sourceByHand()
  const first = source.current()
  asked[0]?.resolve(named('k'))
  await first
  await clock.advance(1000 * minuteMs)
  assert.equal((await source.current())?.accessKeyId, 'k')
  assert.equal(asked.length, 1)
})

test('from five minutes before expiry the old ones are used while one refresh is in flight', async () => {
  const { asked, source, named } = await nearExpiry()
  for (let user = 0; user < 10; user += 1) assert.equal((await source.current())?.accessKeyId, 'old')
  assert.equal(asked.length, 2)
  asked[1]?.resolve(named('new', 60 * minuteMs))
  await asked[1]?.promise
  assert.equal((await source.current())?.accessKeyId, 'new')
})

test('no refresh begins earlier than five minutes before expiry', async () => {
  const { clock, asked, source, named } = sourceByHand()
  const first = source.current()
  asked[0]?.resolve(named('k', 60 * minuteMs))
  await first
  await clock.advance(54 * minuteMs)
  await source.current()
  assert.equal(asked.length, 1)
})

test('a failed refresh keeps credentials that are still valid, and is tried again after a pause', async () => {
  const { clock, asked, source } = await nearExpiry()
  await source.current()
  asked[1]?.reject(new Error('metadata service is away'))
  await turn()
  assert.equal((await source.current())?.accessKeyId, 'old')
  assert.equal(asked.length, 2)
  await clock.advance(10_000)
  assert.equal((await source.current())?.accessKeyId, 'old')
  assert.equal(asked.length, 3)
})

test('a refresh that takes long is not joined by another', async () => {
  const { clock, asked, source } = await nearExpiry()
  await source.current()
  await clock.advance(60_000)
  await source.current()
  assert.equal(asked.length, 2)
})

test('expired credentials are not used: all wait for one refresh', async () => {
  const { clock, asked, source, named } = await nearExpiry()
  await clock.advance(5 * minuteMs)
  const users = [source.current(), source.current()]
  assert.equal(asked.length, 2)
  asked[1]?.resolve(named('new', 60 * minuteMs))
  assert.deepEqual(
    (await Promise.all(users)).map((held) => held?.accessKeyId),
    ['new', 'new'],
  )
})

test('without any credentials the failure is OriginCredentials, and the next user tries again', async () => {
  const { asked, source, named } = sourceByHand()
  const first = source.current()
  asked[0]?.reject(new Error('nothing found'))
  await assert.rejects(async () => first, failsWith('OriginCredentials'))
  const second = source.current()
  asked[1]?.resolve(named('k'))
  assert.equal((await second)?.accessKeyId, 'k')
})
