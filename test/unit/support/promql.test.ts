import assert from 'node:assert/strict'
import { test } from 'node:test'
import { scraped, selects, spokenOf } from '../../support/promql.ts'

const names = (expression: string) => spokenOf(expression).selectors.map(({ name }) => name)

test('metrics are told from functions, operators, labels, numbers, durations and strings', () => {
  assert.deepEqual(names('sum by (le, bucket) (rate(a_bucket{x="and b{c}",le=~"1|2"}[5m])) > 14.4'), ['a_bucket'])
  assert.deepEqual(names('sum(rate(a[5m])) by (x) / on (y) group_left (z) b:c or vector(0)'), ['a', 'b:c'])
  assert.deepEqual(names('label_replace(a, "b", "$1", "c", "(d)") unless a offset 5m and e == bool 1e3'), [
    'a',
    'a',
    'e',
  ])
})

test('labels that a query groups by are listed', () => {
  assert.deepEqual(spokenOf('sum by (le, bucket) (a) / on (x) b').grouping, ['le', 'bucket', 'x'])
})

test('a selector without a name, or with matchers that cannot be read, is refused', () => {
  assert.throws(() => spokenOf('{a="b"}'), /without a name/)
  assert.throws(() => spokenOf('a{b=c}'), /cannot be read/)
})

test('a selector is for series that have its name and fit every matcher', () => {
  const [series] = scraped('# HELP a Is.\na{x="1",y="a \\"b\\""} 3\n', { job: 'j' })
  assert.deepEqual(series, { __name__: 'a', job: 'j', x: '1', y: 'a \\"b\\"' })
  assert.ok(series)
  const fits = (expression: string) => selects(spokenOf(expression).selectors[0] ?? { name: '', matchers: [] }, series)
  assert.deepEqual(
    ['a', 'b', 'a{x="1"}', 'a{x="1",z=""}', 'a{x=~"1|2"}', 'a{x=~"[^1]"}', 'a{x!="1"}', 'a{z!~".+"}', 'a{job="i"}'].map(
      fits,
    ),
    [true, false, true, true, true, false, false, true, false],
  )
})
