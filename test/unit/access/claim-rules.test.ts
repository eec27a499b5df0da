import assert from 'node:assert/strict'
import { test } from 'node:test'
import {
  type ClaimOperator,
  type ClaimRule,
  claimOperators,
  claimRuleProblem,
  compileClaimRules,
} from '../../../src/access/claim-rules.ts'
import { fc } from '../../support/fast-check.ts'

/** The claims as a token brings them: what JSON makes of `text`. */
const parsed = (text: string): Readonly<Record<string, unknown>> => JSON.parse(text)

function holds(rule: ClaimRule, claims: Readonly<Record<string, unknown>>): boolean {
  return compileClaimRules([rule])(claims) === undefined
}

type Value = ClaimRule['value']
const table: readonly (readonly [ClaimOperator, Value, readonly unknown[], readonly unknown[]])[] = [
  ['equals', 'a', ['a'], ['A', 'ab', '', ['a'], { a: 'a' }, 1, true]],
  ['equals', 1, [1, 1.0], ['1', true, [1], 2]],
  ['equals', true, [true], ['true', 1, false]],
  ['equals', '', [''], [0, false, []]],
  ['not_equals', 'a', ['b', '', 1, false], ['a', ['b'], ['a'], {}, []]],
  ['not_equals', 1, [2, '1'], [1]],
  ['in', ['a', 2, true], ['a', 2, true, ['a'], ['x', 'a'], [2]], ['b', '2', 'true', [], ['b'], [['a']], {}, 'ab']],
  ['not_in', ['a', 2], ['b', '2', [], ['b', 3]], ['a', 2, ['b', 'a'], [2], [['a']], {}, [{}]]],
  ['contains', 'a', ['a', 'bab', ['a'], ['b', 'a']], ['b', '', ['ab'], [['a']], [], { a: 'a' }, 1]],
  ['contains', 1, [[1], [2, 1]], ['1', 1, ['1'], [true]]],
  ['contains', true, [[true]], ['true', true, [1]]],
  ['exists', true, ['', 0, false, [], {}], []],
  ['exists', undefined, ['', 0, false, [], {}], []],
  ['exists', false, [], ['', 0, false, [], {}]],
  ['gt', 5, [5.5, 6], [5, 4, '6', [6], true, {}]],
  ['gte', 5, [5, 6], [4.9, '5', [5]]],
  ['lt', 5, [4, -1, 0], [5, 6, '4', false, []]],
  ['lte', 5, [5, 4], [5.1, '5', '']],
  ['matches', '^a+$', ['a', 'aa', 'a'.repeat(1024)], ['ab', '', 'a'.repeat(1025), ['a'], 1, {}]],
]

for (const [operator, value, yes, no] of table) {
  test(`${operator} ${JSON.stringify(value)} holds for what it should, and for nothing else`, () => {
    const rule: ClaimRule = { claim: 'c', operator, value }
    for (const claim of yes) assert.equal(holds(rule, { c: claim }), true, JSON.stringify(claim))
    for (const claim of no) assert.equal(holds(rule, { c: claim }), false, JSON.stringify(claim))
  })
}

test('every operator is in the table', () => {
  assert.deepEqual(new Set(table.map(([operator]) => operator)), new Set(claimOperators))
})

for (const [operator, value] of table) {
  const isAbsence = operator === 'exists' && value === false
  test(`without the claim ${operator} ${JSON.stringify(value)} ${isAbsence ? 'holds' : 'fails'}`, () => {
    for (const claims of ['{}', '{"c":null}', '{"C":"a"}']) {
      assert.equal(holds({ claim: 'c', operator, value }, parsed(claims)), isAbsence, claims)
    }
  })
}

test('a number too large for JSON is above nothing', () => {
  assert.equal(holds({ claim: 'c', operator: 'gt', value: 5 }, parsed('{"c":1e999}')), false)
  assert.equal(holds({ claim: 'c', operator: 'lt', value: 5 }, parsed('{"c":-1e999}')), false)
})

for (const [title, claim, claims, found] of [
  ['a path leads through objects', 'a.b.c', '{"a":{"b":{"c":"x"}}}', true],
  ['it ends at what is no object', 'a.b.c', '{"a":{"b":"x"}}', false],
  ['an object on the way is not the claim', 'a', '{"a":{"b":"x"}}', false],
  ['a list is not walked into', 'a.0', '{"a":["x"]}', false],
  ['nor is a text', 'a.0', '{"a":"x"}', false],
  ['a name with dots', 'https://example.com/role', '{"https://example.com/role":"x"}', true],
  ['a name with dots on the way', 'https://example.com/app.role', '{"https://example.com/app":{"role":"x"}}', true],
  ['a name with dots at the end', 'a.b.c', '{"a":{"b.c":"x"}}', true],
  ['the whole name goes first', 'a.b', '{"a":{"b":"y"},"a.b":"x"}', true],
  ['the longer name hides the path', 'a.b', '{"a":{"b":"x"},"a.b":"y"}', false],
  ['the longest name is the only one tried', 'a.b.c', '{"a":{"b":{"c":"x"}},"a.b":"y"}', false],
  ['empty names are names', 'a..b', '{"a":{"":{"b":"x"}}}', true],
  ['__proto__ is a name like any other', '__proto__', '{"__proto__":"x"}', true],
  ['what a claim inherits is not there', 'a.constructor.name', '{"a":{}}', false],
] as const) {
  test(`${title}`, () => assert.equal(holds({ claim, operator: 'equals', value: 'x' }, parsed(claims)), found))
}

for (const inherited of ['__proto__', 'constructor', 'toString', 'a.constructor', 'a.length', '__proto__.toString']) {
  test(`${inherited} does not exist unless the token says it`, () => {
    assert.equal(holds({ claim: inherited, operator: 'exists', value: undefined }, parsed('{"a":[1]}')), false)
  })
}

test('all rules have to hold, and the first that does not is told', () => {
  const rules: readonly ClaimRule[] = [
    { claim: 'role', operator: 'in', value: ['admin', 'reader'] },
    { claim: 'tenant.id', operator: 'equals', value: 'acme' },
    { claim: 'level', operator: 'gte', value: 3 },
  ]
  const check = compileClaimRules(rules)
  assert.equal(check({ role: 'reader', tenant: { id: 'acme' }, level: 3 }), undefined)
  assert.equal(check({ role: 'reader', tenant: { id: 'umbrella' }, level: 1 }), rules[1])
  assert.equal(check({ role: 'reader', tenant: { id: 'acme' } }), rules[2])
  assert.equal(check({}), rules[0])
  assert.equal(compileClaimRules([])({}), undefined)
})

for (const [operator, value, problem] of [
  ['equals', undefined, /needs a text, a number or a boolean/],
  ['equals', ['a'], /needs a text, a number or a boolean/],
  ['not_equals', ['a'], /needs a text, a number or a boolean/],
  ['in', [], /list/],
  ['in', 'a', /list/],
  ['not_in', undefined, /list/],
  ['contains', '', /not empty/],
  ['contains', ['a'], /not empty/],
  ['exists', 'yes', /true, false or nothing/],
  ['gt', '5', /a number/],
  ['gte', true, /a number/],
  ['lt', Number.NaN, /a number/],
  ['lte', Number.POSITIVE_INFINITY, /a number/],
  ['matches', 5, /a regular expression/],
  ['matches', 'a(', /missing closing \)/],
  ['matches', '(?=a)', /unsupported Perl syntax/],
] as const) {
  test(`${operator} with ${JSON.stringify(value)} is no rule`, () => {
    const rule: ClaimRule = { claim: 'c', operator, value }
    assert.match(claimRuleProblem(rule) ?? '', problem)
    assert.throws(() => compileClaimRules([rule]), problem)
  })
}

test('a rule about no claim is none', () => {
  assert.match(claimRuleProblem({ claim: '', operator: 'exists', value: undefined }) ?? '', /name/)
})

const scalars = fc.oneof(fc.constantFrom('a', 'b', '1', ''), fc.constantFrom(0, 1, 2), fc.boolean())
const anyClaim = fc.oneof(scalars, fc.array(scalars, { maxLength: 3 }), fc.constant(undefined), fc.jsonValue())

test('no claim is both in a list and not in it, and a scalar or a list of scalars is one of them', () => {
  fc.assert(
    fc.property(fc.array(scalars, { minLength: 1, maxLength: 3 }), anyClaim, (value, c) => {
      const [isIn, isOut] = (['in', 'not_in'] as const).map((operator) => holds({ claim: 'c', operator, value }, { c }))
      assert.ok(!(isIn && isOut))
      const elements = Array.isArray(c) ? c : [c]
      if (elements.every((element) => ['string', 'number', 'boolean'].includes(typeof element)))
        assert.ok(isIn || isOut)
    }),
  )
})

test('of any number exactly one holds: below, equal, above', () => {
  fc.assert(
    fc.property(fc.integer({ min: -3, max: 3 }), fc.integer({ min: -3, max: 3 }), (value, c) => {
      const verdicts = (['lt', 'equals', 'gt'] as const).map((operator) =>
        holds({ claim: 'c', operator, value }, { c }),
      )
      assert.equal(verdicts.filter((verdict) => verdict).length, 1)
    }),
  )
})

test('whatever a token says, judging it never throws', () => {
  const rules = table.map(([operator, value]) => ({ claim: 'a.b', operator, value }))
  fc.assert(
    fc.property(fc.dictionary(fc.constantFrom('a', 'a.b', 'b'), fc.jsonValue()), (claims) => {
      for (const rule of rules) holds(rule, claims)
    }),
  )
})

test('a pattern that takes JavaScript for ever is judged in a moment', () => {
  const failing = compileClaimRules([{ claim: 'name', operator: 'matches', value: '^(a+)+$' }])
  const startedAt = process.cpuUsage()
  assert.notEqual(failing({ name: `${'a'.repeat(1000)}!` }), undefined)
  assert.ok(process.cpuUsage(startedAt).user < 1_000_000)
})
