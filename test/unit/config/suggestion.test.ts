import assert from 'node:assert/strict'
import test from 'node:test'
import { editDistance, suggest } from '../../../src/config/suggestion.ts'
import { fc } from '../../support/fast-check.ts'

test('a slip is traced to the word that was meant', () => {
  const known = ['address', 'port', 'trusted_proxies']
  assert.equal(suggest('adress', known), ', did you mean "address"?')
  assert.equal(suggest('prot', known), ', did you mean "port"?')
  assert.equal(suggest('Port', known), ', did you mean "port"?')
  assert.equal(suggest('trusted-proxys', known), ', did you mean "trusted_proxies"?')
})

test('another word is not taken for a slip', () => {
  assert.equal(suggest('jwt', ['url', 'port']), '')
  assert.equal(suggest('p', ['port']), '')
  assert.equal(suggest('', ['port']), '')
})

test('edit distance counts one step for one step', () => {
  assert.equal(editDistance('abc', 'abc', 9), 0)
  assert.equal(editDistance('abc', 'abd', 9), 1)
  assert.equal(editDistance('abc', 'bac', 9), 1)
  assert.equal(editDistance('abc', 'ac', 9), 1)
  assert.equal(editDistance('abc', 'xabc', 9), 1)
  assert.equal(editDistance('kitten', 'sitting', 9), 3)
  assert.equal(editDistance('kitten', 'sitting', 2), 2)
})

test('edit distance is symmetric and zero only for equal words', () => {
  const word = fc.string({ unit: fc.constantFrom('a', 'b', 'c'), maxLength: 8 })
  fc.assert(
    fc.property(word, word, (a, b) => {
      assert.equal(editDistance(a, b, 99), editDistance(b, a, 99))
      assert.equal(editDistance(a, b, 99) === 0, a === b)
    }),
  )
})
