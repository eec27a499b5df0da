import assert from 'node:assert/strict'
import test from 'node:test'
import { bucketsOf, scopesOf } from '../../src/admin/filter-scopes.ts'
import { parseFilter } from '../../src/admin/where.ts'
import { CacheKey } from '../../src/cache/cache-key.ts'
import { anyTag, covers } from '../../src/cache/scope.ts'
import { type EntryFacts, selects } from '../../src/objects/entry-filter.ts'
import { Glob } from '../../src/objects/glob.ts'
import { fc } from '../support/fast-check.ts'

type Where = Readonly<Record<string, unknown>>

const letters = fc.string({ unit: fc.constantFrom('a', 'b', '/', '*', '?', '\\', '😀'), maxLength: 6 })
const pattern = letters.filter((text) => Glob.parse(text) !== undefined)
const bucket = fc.constantFrom('img', 'films')
const tag = fc.constantFrom('red', 'big')
const number = fc.integer({ min: 0, max: 3 })

const textTest = (value: fc.Arbitrary<string>) =>
  fc.oneof(
    value,
    value.map((eq) => ({ eq })),
    value.map((ne) => ({ ne })),
    fc.array(value, { minLength: 1, maxLength: 3 }).map((values) => ({ in: values })),
    pattern.map((glob) => ({ glob })),
  )
const numberTest = fc.oneof(
  number,
  fc.dictionary(fc.constantFrom('eq', 'ne', 'gt', 'gte', 'lt', 'lte'), number, { minKeys: 1, noNullPrototype: true }),
)
const condition: fc.Arbitrary<Where> = fc.oneof(
  textTest(bucket).map((test) => ({ bucket: test })),
  textTest(letters).map((test) => ({ key: test })),
  textTest(tag).map((test) => ({ tag: test })),
  numberTest.map((test) => ({ size: test })),
  numberTest.map((test) => ({ hits: test })),
  fc.tuple(bucket, textTest(letters)).map(([name, test]) => ({ bucket: name, key: test })),
)
const { where } = fc.letrec<{ where: Where }>((tie) => ({
  where: fc.oneof(
    { maxDepth: 4 },
    condition,
    fc.array(tie('where'), { minLength: 1, maxLength: 3 }).map((and) => ({ and })),
    fc.array(tie('where'), { minLength: 1, maxLength: 3 }).map((or) => ({ or })),
    tie('where').map((not) => ({ not })),
  ),
}))
const facts: fc.Arbitrary<EntryFacts> = fc.record({
  bucket,
  key: letters,
  tags: fc.uniqueArray(tag, { maxLength: 2 }),
  contentType: fc.constant(undefined),
  size: number,
  ageSeconds: number,
  hits: number,
})

/** The language as its description says, by whatever is slowest and plainest. */
function naive(filter: Where, entry: EntryFacts): boolean {
  return Object.entries(filter).every(([name, value]) => {
    if (name === 'and') return (value as Where[]).every((each) => naive(each, entry))
    if (name === 'or') return (value as Where[]).some((each) => naive(each, entry))
    if (name === 'not') return !naive(value as Where, entry)
    const actual = name === 'tag' ? entry.tags : [entry[name as 'bucket' | 'key' | 'size' | 'hits']]
    const tests = typeof value === 'object' ? Object.entries(value as Where) : [['eq', value] as const]
    return tests.every(([operator, operand]) =>
      operator === 'ne'
        ? actual.every((each) => each !== operand)
        : actual.some((each) => naiveTest(operator, each, operand)),
    )
  })
}

function naiveTest(operator: string, actual: string | number | undefined, operand: unknown): boolean {
  if (operator === 'eq') return actual === operand
  if (operator === 'in') return (operand as unknown[]).includes(actual)
  if (operator === 'glob') return naiveGlob([...(operand as string)], [...(actual as string)])
  const [one, other] = [Number(actual), Number(operand)]
  return { gt: one > other, gte: one >= other, lt: one < other, lte: one <= other }[operator] ?? assert.fail(operator)
}

function naiveGlob([head, ...rest]: readonly string[], text: readonly string[]): boolean {
  if (head === undefined) return text.length === 0
  if (head === '*') return text.concat('').some((_, from) => naiveGlob(rest, text.slice(from)))
  if (head === '?') return text.length > 0 && naiveGlob(rest, text.slice(1))
  const [plain, after] = head === '\\' ? [rest[0], rest.slice(1)] : [head, rest]
  return text[0] === plain && naiveGlob(after, text.slice(1))
}

test('a filter selects what its words say', () => {
  const property = fc.property(where, facts, (words, entry) => {
    assert.equal(selects(parseFilter(words, 'where'), entry), naive(words, entry))
  })
  fc.assert(property, { numRuns: 3000 })
})

test('a pattern matches what its characters say, and what it says of its texts is so', () => {
  const property = fc.property(pattern, letters, (characters, text) => {
    const glob = Glob.parse(characters) ?? assert.fail()
    const matches = naiveGlob([...characters], [...text])
    assert.equal(glob.matches(text), matches)
    if (matches) assert.ok(text.startsWith(glob.start))
    if (glob.isPlain) assert.equal(matches, text === glob.start)
    if (glob.isPrefix) assert.equal(matches, text.startsWith(glob.start))
  })
  fc.assert(property, { numRuns: 3000 })
})

test('the scopes of a filter cover what it selects, and nothing else', () => {
  let withScopes = 0
  const property = fc.property(where, facts, (words, entry) => {
    const filter = parseFilter(words, 'where')
    const scopes = scopesOf(filter)
    if (scopes === undefined) return
    withScopes += 1
    const { id } = new CacheKey(entry.bucket, entry.key)
    assert.equal(
      scopes.some((scope) => covers(scope, id, entry.tags)),
      naive(words, entry),
    )
  })
  fc.assert(property, { numRuns: 3000 })
  assert.ok(withScopes > 200, `${withScopes} filters had scopes`)
})

test('what a filter selects lies in the buckets that it is said to stay in', () => {
  const property = fc.property(where, facts, (words, entry) => {
    const buckets = bucketsOf(parseFilter(words, 'where'))
    if (buckets !== undefined && naive(words, entry)) assert.ok(buckets.includes(entry.bucket))
  })
  fc.assert(property, { numRuns: 3000 })
})

test('an entry with more tags than are kept is selected whenever one of those may be what decides', () => {
  const property = fc.property(where, facts, fc.uniqueArray(tag, { maxLength: 2 }), (words, entry, dropped) => {
    const whole = { ...entry, tags: [...entry.tags, ...dropped] }
    const kept = { ...entry, tags: [...entry.tags, anyTag] }
    if (naive(words, whole)) assert.ok(selects(parseFilter(words, 'where'), kept))
  })
  fc.assert(property, { numRuns: 3000 })
})

test('a pattern of many stars takes no longer than its length times that of the text', () => {
  const glob = Glob.parse(`${'*a'.repeat(1000)}b`) ?? assert.fail()
  assert.equal(glob.matches('a'.repeat(20_000)), false)
})

test('any JSON is a filter or is refused in words', () => {
  const property = fc.property(fc.jsonValue({ maxDepth: 5 }), (value) => {
    try {
      parseFilter(value, 'where')
    } catch (error) {
      assert.equal((error as { code?: string }).code, 'InvalidArgument')
    }
  })
  fc.assert(property)
})
