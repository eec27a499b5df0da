// biome-ignore-all lint/suspicious/noTemplateCurlyInString: `${…}` is what config files hold
import assert from 'node:assert/strict'
import test from 'node:test'
import { substitute } from '../../../src/config/substitution.ts'
import { fc } from '../../support/fast-check.ts'

const env = { NAME: 'value', EMPTY: '', DOLLARS: '${NAME}' }
const textOf = (text: string) => {
  const result = substitute(text, true, env)
  assert.equal(result.kind, 'text')
  return result.text
}

test('variables are replaced wherever they stand in text', () => {
  assert.equal(textOf('${NAME}'), 'value')
  assert.equal(textOf('a-${NAME}-${NAME}-b'), 'a-value-value-b')
  assert.equal(textOf('$NAME $ {NAME}'), '$NAME $ {NAME}')
})

test('a default stands in for an unset or empty variable', () => {
  assert.equal(textOf('${GONE:-some: text}'), 'some: text')
  assert.equal(textOf('${EMPTY:-x}'), 'x')
  assert.equal(textOf('${NAME:-x}'), 'value')
  assert.equal(textOf('${GONE:-}'), '')
  assert.equal(textOf('${EMPTY}'), '')
})

test('a doubled dollar makes the brace literal', () => {
  assert.equal(textOf('$${NAME}'), '${NAME}')
  assert.equal(textOf('$$${NAME}'), '$${NAME}')
  assert.equal(textOf('$${${NAME}}'), '${value}')
})

test('what the environment gives is not substituted again', () => {
  assert.equal(textOf('${DOLLARS}'), '${NAME}')
})

test('every variable without a value is named, each once', () => {
  assert.deepEqual(substitute('${B} ${A} ${B} ${NAME}', true, env), { kind: 'unset', names: ['B', 'A'] })
})

test('names of what every object has are not variables', () => {
  assert.deepEqual(substitute('${constructor}', true, env), { kind: 'unset', names: ['constructor'] })
})

test('only one unquoted variable may take another type than text', () => {
  const whole = (text: string, plain: boolean) => {
    const result = substitute(text, plain, env)
    return result.kind === 'text' && result.whole
  }
  assert.equal(whole('${NAME}', true), true)
  assert.equal(whole('${GONE:-5}', true), true)
  assert.equal(whole('${NAME}', false), false)
  assert.equal(whole('${NAME}0', true), false)
  assert.equal(whole('$${NAME}', true), false)
  assert.equal(whole('5', true), false)
})

test('a variable written wrongly is malformed', () => {
  for (const text of ['${', '${}', '${NAME', '${NA-ME}', '${1A}', '${NAME:x}', '${A:-${B}}', 'x ${ NAME }']) {
    assert.equal(substitute(text, true, env).kind, 'malformed', text)
  }
})

test('escaped text comes back as it was', () => {
  const dollars = fc.string({ unit: fc.constantFrom('$', '{', '}', ':', '-', 'A') })
  fc.assert(
    fc.property(fc.oneof(dollars, fc.string({ unit: 'grapheme' })), (text) => {
      const escaped = text.replaceAll('${', () => '$${')
      assert.deepEqual(substitute(escaped, false, {}), { kind: 'text', text, whole: false })
    }),
  )
})

test('a variable gives its value whatever that holds', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'grapheme' }), (value) => {
      assert.deepEqual(substitute('<${V}>', false, { V: value }), { kind: 'text', text: `<${value}>`, whole: false })
    }),
  )
})
