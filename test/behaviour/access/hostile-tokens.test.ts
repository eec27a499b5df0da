import assert from 'node:assert/strict'
import test from 'node:test'
import { JwtAuthenticator } from '../../../src/access/jwt-authenticator.ts'
import { createStaticKeys } from '../../../src/access/static-keys.ts'
import { requestWith } from '../../support/access-request.ts'
import { FakeClock } from '../../support/fake-clock.ts'
import { fc } from '../../support/fast-check.ts'
import { hostileTokens } from '../../support/hostile-tokens.ts'
import { goodClaims, headerFor, makeTokenKeys, signToken, trustedKeys, wanted } from '../../support/token-keys.ts'
import { validTokens } from '../../support/valid-tokens.ts'

const clock = new FakeClock()
const keys = makeTokenKeys()
const newVerifier = () =>
  new JwtAuthenticator(
    { ...wanted, keys: createStaticKeys(trustedKeys(keys)), sources: [{ kind: 'query', name: 'token' }] },
    clock,
  )
const verifier = newVerifier()
const hostile = hostileTokens(keys, clock.now())
const valid = validTokens(keys, clock.now())

for (const [title, token, fault] of hostile) {
  test(`refused as ${fault}: ${title}`, async () => {
    const rejected = { kind: 'rejected', fault }
    assert.deepEqual(await verifier.authenticate(requestWith(token)), rejected)
    // Nor does it help to have been here before.
    assert.deepEqual(await verifier.authenticate(requestWith(token)), rejected)
  })
}

for (const [title, token, subject] of valid) {
  test(`accepted: ${title}`, async () => {
    const first = await verifier.authenticate(requestWith(token))
    assert.equal(first.kind === 'principal' && first.principal.subject, subject)
    assert.deepEqual(verifier.authenticate(requestWith(token)), first) // at once: no promise
  })
}

test('the tables hold as many cases as they say, each of its own', () => {
  for (const table of [hostile, valid]) {
    assert.equal(new Set(table.map(([title]) => title)).size, table.length)
    assert.equal(new Set(table.map(([, token]) => token)).size, table.length)
  }
  assert.ok(hostile.length >= 200, `${hostile.length}`)
  const faults = new Set(hostile.map(([, , fault]) => fault))
  const all = [
    'malformed',
    'algorithm',
    'unknown-key',
    'bad-signature',
    'expired',
    'not-yet',
    'no-expiry',
    'issuer',
    'audience',
  ]
  assert.deepEqual([...faults].sort(), all.sort())
})

test('text that nobody signed is refused, and never an error', async () => {
  const part = fc.oneof(
    fc.string(),
    fc.base64String(),
    fc.json().map((text) => Buffer.from(text).toString('base64url')),
  )
  const header = fc.record(
    { alg: fc.constantFrom('RS256', 'HS256', 'EdDSA', 'none'), kid: fc.string() },
    { requiredKeys: [] },
  )
  const encodedHeader = header.map((members) => Buffer.from(JSON.stringify(members)).toString('base64url'))
  const token = fc
    .tuple(fc.oneof(part, encodedHeader), fc.array(part, { maxLength: 4 }))
    .map(([first, others]) => [first, ...others].join('.'))
    .filter((text) => text !== '')
  await fc.assert(
    fc.asyncProperty(token, async (text) => {
      assert.equal((await verifier.authenticate(requestWith(text.toWellFormed()))).kind, 'rejected')
    }),
  )
})

test('a good token with any one character changed is refused', async () => {
  const good = signToken(keys.first, headerFor(keys.first), goodClaims(clock.now()))
  const printable = fc.integer({ min: 0x20, max: 0x7e }).map((code) => String.fromCharCode(code))
  await fc.assert(
    fc.asyncProperty(fc.nat(good.length - 1), printable, async (at, char) => {
      fc.pre(good[at] !== char)
      const changed = good.slice(0, at) + char + good.slice(at + 1)
      assert.equal((await newVerifier().authenticate(requestWith(changed))).kind, 'rejected')
    }),
  )
  assert.equal((await newVerifier().authenticate(requestWith(good))).kind, 'principal')
})
