import assert from 'node:assert/strict'
import test from 'node:test'
import type { AuthResult } from '../../../src/access/authenticator.ts'
import { JwtAuthenticator, type JwtOptions } from '../../../src/access/jwt-authenticator.ts'
import { algorithms, type KeyCandidates, type KeyHint, type KeySet } from '../../../src/access/key-set.ts'
import { importKey } from '../../../src/access/static-keys.ts'
import { accessRequest, requestWith } from '../../support/access-request.ts'
import { FakeClock } from '../../support/fake-clock.ts'
import { goodClaims, headerFor, makeSigningKey, type SigningKey, signToken, wanted } from '../../support/token-keys.ts'

/** Keys that can be exchanged, and that count how often they were asked for: once for each signature check. */
class TestKeys implements KeySet {
  generation = 0
  asked = 0
  #keys: KeyCandidates
  #answer: Promise<void> | undefined

  constructor(...keys: readonly SigningKey[]) {
    this.#keys = keys.map(({ options }) => importKey(options))
  }

  candidates({ algorithm }: KeyHint): KeyCandidates | Promise<KeyCandidates> {
    this.asked++
    const now = this.#keys
    const found = now === 'none-yet' ? now : now.filter((key) => key.algorithm === algorithm)
    return this.#answer === undefined ? found : this.#answer.then(() => found)
  }

  exchange(keys: readonly SigningKey[] | 'none-yet'): void {
    this.#keys = keys === 'none-yet' ? keys : keys.map(({ options }) => importKey(options))
    this.generation++
  }

  /** Answers wait until the returned function is called. */
  hold(): () => void {
    const { promise, resolve } = Promise.withResolvers<void>()
    this.#answer = promise
    return () => {
      this.#answer = undefined
      resolve()
    }
  }

  close(): Promise<void> {
    return Promise.resolve()
  }
}

const shared = makeSigningKey('HS256')

function newVerifier(keys: KeySet, more: Partial<JwtOptions> = {}) {
  const clock = new FakeClock()
  const options: JwtOptions = { ...wanted, keys, sources: [{ kind: 'query', name: 'token' }], ...more }
  const verifier = new JwtAuthenticator(options, clock)
  return { clock, ask: (token: string) => verifier.authenticate(requestWith(token)), verifier }
}

/** The user's name, or why it is not known. */
async function outcome(result: AuthResult | Promise<AuthResult>): Promise<string | undefined> {
  const known = await result
  if (known.kind === 'principal') return known.principal.subject
  return known.kind === 'rejected' ? known.fault : known.kind
}

const tokenOf = (key: SigningKey, claims: object = {}) =>
  signToken(key, headerFor(key), { ...goodClaims(new FakeClock().now()), ...claims })

for (const algorithm of algorithms) {
  test(`${algorithm} is verified by a key for it, and by no other`, async () => {
    const [key, other] = [makeSigningKey(algorithm), makeSigningKey(algorithm)]
    const { ask } = newVerifier(new TestKeys(key))
    assert.equal(await outcome(ask(tokenOf(key))), 'ann')
    assert.equal(await outcome(ask(tokenOf(other))), 'bad-signature')
  })
}

test('a token may be signed with any of several keys', async () => {
  const all = [makeSigningKey('HS256'), makeSigningKey('HS256'), makeSigningKey('HS256')]
  const { ask } = newVerifier(new TestKeys(...all))
  for (const key of all) assert.equal(await outcome(ask(tokenOf(key))), 'ann')
  assert.equal(await outcome(ask(tokenOf(shared))), 'bad-signature')
})

test('claims are told as the token says them', async () => {
  const { ask } = newVerifier(new TestKeys(shared))
  const claims = { ...goodClaims(new FakeClock().now()), realm: { roles: ['a', 'b'] }, n: 1.5, none: null }
  const result = await ask(tokenOf(shared, claims))
  assert.deepEqual(result, { kind: 'principal', principal: { subject: 'ann', claims } })
})

test('a request without a token is told apart from one with a bad token', async () => {
  const { verifier } = newVerifier(new TestKeys(shared), { sources: [{ kind: 'bearer' }] })
  assert.deepEqual(verifier.authenticate(accessRequest()), { kind: 'no-token' })
  assert.deepEqual(verifier.authenticate(accessRequest({ Authorization: 'Basic YTpi' })), { kind: 'no-token' })
  const twice = accessRequest({ Authorization: `Bearer ${tokenOf(shared)}, Bearer ${tokenOf(shared)}` })
  assert.equal(await outcome(verifier.authenticate(twice)), 'malformed')
  assert.equal(
    await outcome(verifier.authenticate(accessRequest({ Authorization: `Bearer ${tokenOf(shared)}` }))),
    'ann',
  )
})

test('several tokens in one place are none that can be used', async () => {
  const { verifier } = newVerifier(new TestKeys(shared))
  const query = `token=${tokenOf(shared)}`
  assert.equal(await outcome(verifier.authenticate(accessRequest({}, query))), 'ann')
  assert.equal(await outcome(verifier.authenticate(accessRequest({}, `${query}&${query}`))), 'malformed')
})

test('without an issuer, an audience or an exp being wanted, any or none will do', async () => {
  const open = { issuer: undefined, audience: undefined, requireExp: false }
  const { ask, clock } = newVerifier(new TestKeys(shared), open)
  const bare = signToken(shared, { alg: 'HS256' }, { sub: 'ann' })
  assert.equal(await outcome(ask(bare)), 'ann')
  assert.equal(await outcome(ask(tokenOf(shared, { iss: 'x', aud: ['y'] }))), 'ann')
  await clock.advance(1e12)
  assert.equal(await outcome(ask(bare)), 'ann')
  assert.equal(await outcome(ask(tokenOf(shared))), 'expired')
})

test('where nobody may issue tokens, or they are for nobody, none is good', async () => {
  assert.equal(await outcome(newVerifier(new TestKeys(shared), { issuer: [] }).ask(tokenOf(shared))), 'issuer')
  assert.equal(await outcome(newVerifier(new TestKeys(shared), { audience: [] }).ask(tokenOf(shared))), 'audience')
})

test('a signature is checked once, for as long as the token is good', async () => {
  const keys = new TestKeys(shared)
  const { ask, clock } = newVerifier(keys)
  const exp = clock.now() / 1000 + 10
  const token = tokenOf(shared, { exp })
  for (let i = 0; i < 5; i++) assert.equal(await outcome(ask(token)), 'ann')
  await clock.advance(10_000 + wanted.leewayMs - 1)
  assert.equal(await outcome(ask(token)), 'ann')
  assert.equal(keys.asked, 1)
  await clock.advance(1)
  assert.equal(await outcome(ask(token)), 'expired')
  assert.equal(keys.asked, 1)
  clock.stepWallTime(-1) // forgotten, so that it is checked again
  assert.equal(await outcome(ask(token)), 'ann')
  assert.equal(keys.asked, 2)
})

test('a token that is not good yet becomes so without another check', async () => {
  const keys = new TestKeys(shared)
  const { ask, clock } = newVerifier(keys)
  const token = tokenOf(shared, { nbf: clock.now() / 1000 + 60 })
  assert.equal(await outcome(ask(token)), 'not-yet')
  await clock.advance(60_000 - wanted.leewayMs - 1)
  assert.equal(await outcome(ask(token)), 'not-yet')
  await clock.advance(1)
  assert.equal(await outcome(ask(token)), 'ann')
  assert.equal(keys.asked, 1)
})

test('a token that was turned down is checked every time', async () => {
  const keys = new TestKeys(shared)
  const { ask } = newVerifier(keys)
  const forged = tokenOf(makeSigningKey('HS256'))
  for (let i = 0; i < 3; i++) assert.equal(await outcome(ask(forged)), 'bad-signature')
  for (let i = 0; i < 3; i++) assert.equal(await outcome(ask(tokenOf(shared, { aud: 'x' }))), 'audience')
  assert.equal(keys.asked, 6)
})

test('what cannot be a token costs no key', async () => {
  const keys = new TestKeys(shared)
  const { ask } = newVerifier(keys)
  for (const text of ['x', 'a.b.c', signToken(shared, { alg: 'none' }, {}), 'x'.repeat(20_000)]) {
    assert.equal(ask(text) instanceof Promise, false)
  }
  assert.equal(keys.asked, 0)
})

test('requests that come together with one new token share one check', async () => {
  const keys = new TestKeys(shared)
  const { ask } = newVerifier(keys)
  const release = keys.hold()
  const [token, other] = [tokenOf(shared), tokenOf(shared, { sub: 'bob' })]
  const results = [...Array.from({ length: 100 }, () => ask(token)), ask(other)]
  release()
  assert.deepEqual(await Promise.all(results.map(outcome)), [...Array.from({ length: 100 }, () => 'ann'), 'bob'])
  assert.equal(keys.asked, 2)
})

test('a check that failed is shared by those who came meanwhile, and by nobody after', async () => {
  const keys = new TestKeys(shared)
  const { ask } = newVerifier(keys)
  const forged = tokenOf(makeSigningKey('HS256'))
  const release = keys.hold()
  const results = [ask(forged), ask(forged)]
  release()
  assert.deepEqual(await Promise.all(results.map(outcome)), ['bad-signature', 'bad-signature'])
  assert.equal(keys.asked, 1)
  assert.equal(await outcome(ask(forged)), 'bad-signature')
  assert.equal(keys.asked, 2)
})

test('more new tokens at once than are shared are checked all the same', async () => {
  const keys = new TestKeys(shared)
  const { ask } = newVerifier(keys)
  const release = keys.hold()
  const tokens = Array.from({ length: 1005 }, (_, i) => tokenOf(shared, { sub: `user ${i}` }))
  const results = [...tokens, ...tokens].map(ask)
  release()
  const expected = tokens.map((_, i) => `user ${i}`)
  assert.deepEqual(await Promise.all(results.map(outcome)), [...expected, ...expected])
  assert.equal(keys.asked, 1010)
})

test('a key that is gone lets nobody in any more', async () => {
  const keys = new TestKeys(shared)
  const { ask } = newVerifier(keys)
  const token = tokenOf(shared)
  assert.equal(await outcome(ask(token)), 'ann')
  keys.exchange([makeSigningKey('HS256')])
  assert.equal(await outcome(ask(token)), 'bad-signature')
  keys.exchange([])
  assert.equal(await outcome(ask(token)), 'unknown-key')
  keys.exchange([shared])
  assert.equal(await outcome(ask(token)), 'ann')
})

test('nor does a check that was under way when the key went', async () => {
  const keys = new TestKeys(shared)
  const { ask } = newVerifier(keys)
  const token = tokenOf(shared)
  const release = keys.hold()
  const before = ask(token)
  keys.exchange([makeSigningKey('HS256')])
  const after = ask(token) // joins nobody
  release()
  assert.deepEqual([await outcome(before), await outcome(after)], ['ann', 'bad-signature'])
  assert.equal(await outcome(ask(token)), 'bad-signature')
})

test('without any key so far, a token is neither good nor bad', async () => {
  const keys = new TestKeys()
  keys.exchange('none-yet')
  const { ask } = newVerifier(keys)
  assert.equal(await outcome(ask(tokenOf(shared))), 'no-keys')
  assert.equal(await outcome(ask('x')), 'malformed')
  keys.exchange([shared])
  assert.equal(await outcome(ask(tokenOf(shared))), 'ann')
})

test('a key that cannot be used is a failure, and lets nobody in', async () => {
  const misfit = { ...importKey(makeSigningKey('RS256').options), algorithm: 'HS256' } as const
  const keys: KeySet = { generation: 0, candidates: () => [misfit], close: () => Promise.resolve() }
  const { ask } = newVerifier(keys)
  await assert.rejects(async () => ask(tokenOf(shared)), TypeError)
  await assert.rejects(async () => ask(tokenOf(shared)), TypeError)
})

test('a key verifies only its own algorithm, whatever a key set offers', async () => {
  const key = makeSigningKey('RS256')
  const offered = { ...importKey(key.options), algorithm: 'RS512' } as const
  const keys: KeySet = { generation: 0, candidates: () => [offered], close: () => Promise.resolve() }
  assert.equal(await outcome(newVerifier(keys).ask(tokenOf(key))), 'bad-signature')
})

test('two verifiers know nothing of each other', async () => {
  const token = tokenOf(shared)
  assert.equal(await outcome(newVerifier(new TestKeys(shared)).ask(token)), 'ann')
  assert.equal(await outcome(newVerifier(new TestKeys(shared), { audience: ['other'] }).ask(token)), 'audience')
  assert.equal(await outcome(newVerifier(new TestKeys(makeSigningKey('HS256'))).ask(token)), 'bad-signature')
})
