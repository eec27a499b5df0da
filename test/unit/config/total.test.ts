import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import test from 'node:test'
import { stringify } from 'yaml'
import { parseConfig } from '../../../src/config/load.ts'
import { formatProblem } from '../../../src/config/problem.ts'
import { fc } from '../../support/fast-check.ts'

const example = readFileSync(join(import.meta.dirname, '../../../config/example.yaml'), 'utf8')
const env = { AWS_ACCESS_KEY_ID: 'AK', AWS_SECRET_ACCESS_KEY: 'SK' }
const keys = [
  'server',
  'limits',
  'shutdown',
  'cache',
  'memory',
  'buckets',
  's3',
  'auth',
  'jwt',
  'keys',
  'claims',
  'tls',
  'https',
  'rate_limit',
  'global',
  'cors',
  'headers',
  'add',
  'enabled',
  'port',
  '<<',
]

/** Loading either succeeds or says why, in lines that can be printed. */
function loads(text: string): void {
  const result = parseConfig(text, env, 'test.yaml')
  if (result.kind === 'config') return
  assert.ok(result.problems.length > 0)
  for (const problem of result.problems) assert.match(formatProblem(problem), /^[^\n\r]+: [^\n\r]+$/)
}

test('loading never throws, whatever the text', () => {
  const yamlish = fc.string({
    unit: fc.constantFrom(...'ab:-?[]{},&*!|>\'"#%@ \n\t$0~<', 'x: ', '- ', '&a ', '*a', '<<: '),
  })
  fc.assert(fc.property(fc.oneof(yamlish, fc.string({ unit: 'binary' })), loads), { numRuns: 2000 })
})

test('loading never throws, whatever the values', () => {
  const tree = fc.object({ key: fc.constantFrom(...keys), maxDepth: 4, withNullPrototype: false })
  fc.assert(fc.property(tree, (value) => loads(stringify(value))))
})

test('loading never throws, whatever line of a sound file is lost or changed', () => {
  const lines = example.split('\n')
  const index = fc.nat(lines.length - 1)
  const text = fc.constantFrom('', '  ', '- ', 'x: 1', 'port: []', '  name: {}', '${', '*a')
  fc.assert(fc.property(index, text, (at, line) => loads(lines.with(at, line).join('\n'))))
})
