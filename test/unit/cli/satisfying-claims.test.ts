import assert from 'node:assert/strict'
import test from 'node:test'
import type { ClaimRule } from '../../../src/access/claim-rules.ts'
import { satisfyClaims } from '../../../src/cli/satisfying-claims.ts'

type Rules = readonly (readonly [claim: string, operator: ClaimRule['operator'], value?: ClaimRule['value']])[]
const rulesOf = (rules: Rules) => rules.map(([claim, operator, value]): ClaimRule => ({ claim, operator, value }))

const satisfied: readonly (readonly [title: string, rules: Rules, expected: object])[] = [
  ['equals', [['a', 'equals', 7]], { a: 7 }],
  ['in', [['a', 'in', ['x', 'y']]], { a: 'x' }],
  [
    'in, without one of them',
    [
      ['a', 'in', ['x', 'y']],
      ['a', 'not_equals', 'x'],
    ],
    { a: 'y' },
  ],
  ['not_in', [['a', 'not_in', ['x', true]]], { a: 'token' }],
  ['contains', [['a', 'contains', 'x']], { a: 'x' }],
  [
    'contains twice',
    [
      ['a', 'contains', 'x'],
      ['a', 'contains', 1],
    ],
    { a: ['x', 1] },
  ],
  ['exists', [['a', 'exists']], { a: 'token' }],
  ['a claim that must not be there', [['a', 'exists', false]], {}],
  ['above', [['a', 'gt', 3]], { a: 4 }],
  ['below', [['a', 'lt', 3]], { a: 2 }],
  [
    'between',
    [
      ['a', 'gt', 3],
      ['a', 'lt', 4],
    ],
    { a: 3.5 },
  ],
  [
    'a path',
    [
      ['a.b', 'equals', 'x'],
      ['a.c', 'equals', 'y'],
    ],
    { a: { b: 'x', c: 'y' } },
  ],
  ['a name with dots', [['https://x.example/roles', 'equals', 'x']], { 'https://x': { 'example/roles': 'x' } }],
  ['a text that matches itself', [['a', 'matches', '^token$']], { a: 'token' }],
]

for (const [title, list, expected] of satisfied) {
  test(`${title}: claims are found`, () => {
    const claims: Record<string, unknown> = {}
    assert.equal(satisfyClaims(rulesOf(list), claims), undefined)
    assert.deepEqual(claims, expected)
  })
}

const unsatisfied: readonly (readonly [title: string, rules: Rules, given: Record<string, unknown>])[] = [
  ['a pattern', [['a', 'matches', '^x+$']], {}],
  [
    'rules that exclude each other',
    [
      ['a', 'equals', 1],
      ['a', 'equals', 2],
    ],
    {},
  ],
  ['a claim that says something else', [['a', 'equals', 1]], { a: 2 }],
  ['a claim that must not be there and is', [['a', 'exists', false]], { a: 2 }],
]

for (const [title, list, given] of unsatisfied) {
  test(`${title}: the rule is named, and nothing is changed`, () => {
    const claims = { ...given }
    assert.equal(satisfyClaims(rulesOf(list), claims)?.claim, 'a')
    assert.deepEqual(claims, given)
  })
}
