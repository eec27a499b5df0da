import assert from 'node:assert/strict'
import test from 'node:test'
import type { VerifiedToken } from '../../../src/access/claims-set.ts'
import { VerifiedTokens } from '../../../src/access/verified-tokens.ts'
import { fc } from '../../support/fast-check.ts'

const verified = (subject: string): VerifiedToken => ({ principal: { subject, claims: {} }, fromMs: 0, untilMs: 1 })

test('a token is remembered as it was put, until it is removed', () => {
  const tokens = new VerifiedTokens()
  const [ann, bob] = [verified('ann'), verified('bob')]
  assert.equal(tokens.get('a', 0), undefined)
  tokens.put('a', 0, ann)
  tokens.put('b', 0, bob)
  assert.equal(tokens.get('a', 0), ann)
  assert.equal(tokens.get('b', 0), bob)
  tokens.remove('a')
  assert.equal(tokens.get('a', 0), undefined)
  assert.equal(tokens.get('b', 0), bob)
})

test('a token put again is the newer one', () => {
  const tokens = new VerifiedTokens()
  tokens.put('a', 0, verified('ann'))
  const again = verified('ann')
  tokens.put('a', 0, again)
  assert.equal(tokens.get('a', 0), again)
})

test('a generation of keys knows nothing of what another one verified, nor does the first when it comes back', () => {
  const tokens = new VerifiedTokens()
  tokens.put('a', 0, verified('ann'))
  assert.equal(tokens.get('a', 1), undefined)
  assert.equal(tokens.get('a', 0), undefined)
  tokens.put('a', 2, verified('ann'))
  assert.equal(tokens.get('a', 3), undefined)
  tokens.put('b', 3, verified('bob'))
  tokens.put('c', 4, verified('cid'))
  assert.equal(tokens.get('b', 4), undefined)
  assert.equal(tokens.get('c', 4)?.principal.subject, 'cid')
})

const remembered = (tokens: VerifiedTokens, all: readonly string[]) =>
  all.filter((token) => tokens.get(token, 0) !== undefined)

test('more tokens than the bound are never remembered, and the ones used last are', () => {
  const tokens = new VerifiedTokens({ maxTokens: 10, maxChars: 1000 })
  const all = Array.from({ length: 50 }, (_, i) => `token ${i}`)
  for (const token of all) tokens.put(token, 0, verified(token))
  assert.deepEqual(remembered(tokens, all), all.slice(-10))
})

test('nor is more text than its bound', () => {
  const tokens = new VerifiedTokens({ maxTokens: 1000, maxChars: 1000 })
  const all = Array.from({ length: 50 }, (_, i) => String(i).padEnd(100, '.'))
  for (const token of all) tokens.put(token, 0, verified(token))
  assert.deepEqual(remembered(tokens, all), all.slice(-10))
})

test('a token too long for the bound is not remembered, and drives out nothing', () => {
  const tokens = new VerifiedTokens({ maxTokens: 10, maxChars: 100 })
  tokens.put('a', 0, verified('ann'))
  tokens.put('x'.repeat(101), 0, verified('long'))
  assert.equal(tokens.get('x'.repeat(101), 0), undefined)
  assert.equal(tokens.get('a', 0)?.principal.subject, 'ann')
})

test('tokens beyond those at hand are found all the same', () => {
  const tokens = new VerifiedTokens()
  const all = Array.from({ length: 9000 }, (_, i) => `token ${i}`)
  for (const token of all) tokens.put(token, 0, verified(token))
  for (const token of [...all, ...all.toReversed()]) assert.equal(tokens.get(token, 0)?.principal.subject, token)
  for (const token of all) tokens.remove(token)
  assert.deepEqual(remembered(tokens, all), [])
})

test('a token is found by all of its text and nothing else', () => {
  const tokens = new VerifiedTokens()
  tokens.put('eyJ.abc.def', 0, verified('ann'))
  fc.assert(
    fc.property(
      fc.oneof(fc.string(), fc.string({ unit: 'binary' }), fc.constantFrom('eyJ.abc.de', 'EYJ.abc.def')),
      (other) => {
        assert.equal(tokens.get(other, 0), other === 'eyJ.abc.def' ? tokens.get('eyJ.abc.def', 0) : undefined)
      },
    ),
  )
})
