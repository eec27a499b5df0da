import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ProxyError } from '../../src/base/errors.ts'
import { keptQuery } from '../../src/routing/object-ref.ts'
import { decodePath, RouteTable } from '../../src/routing/routes.ts'
import { fc } from '../support/fast-check.ts'

const segment = fc.constantFrom('a', 'b', 'ab', 'c')
const prefix = fc.array(segment, { maxLength: 4 }).map((segments) => `/${segments.join('/')}`)
const host = fc.constantFrom('x', 'y', 'z')
const places = fc.uniqueArray(fc.record({ pathPrefix: prefix, hosts: fc.uniqueArray(host, { maxLength: 2 }) }), {
  selector: ({ pathPrefix, hosts }) => `${pathPrefix} ${hosts.length === 0}`,
  maxLength: 8,
})
const path = fc
  .array(fc.oneof(segment, fc.constant('')), { minLength: 1, maxLength: 6 })
  .map((all) => `/${all.join('/')}`)

test('a match is the longest prefix at a segment boundary, those of the host first', () => {
  const property = fc.property(places, host, path, (all, from, wanted) => {
    // A prefix may be repeated for different hosts only.
    const seen = new Set<string>()
    const legal = all.filter(({ pathPrefix, hosts }) => {
      const names = (hosts.length === 0 ? [''] : hosts).map((name) => `${name}${pathPrefix}`)
      const isFree = names.every((name) => !seen.has(name))
      if (isFree) for (const name of names) seen.add(name)
      return isFree
    })
    const fits = ({ pathPrefix }: (typeof legal)[number]) =>
      pathPrefix === '/' || wanted === pathPrefix || wanted.startsWith(`${pathPrefix}/`)
    const longest = (some: typeof legal) =>
      some.filter(fits).toSorted((one, other) => other.pathPrefix.length - one.pathPrefix.length)[0]
    const expected =
      longest(legal.filter(({ hosts }) => hosts.includes(from))) ??
      longest(legal.filter(({ hosts }) => hosts.length === 0))

    const match = new RouteTable(legal).match(from, wanted)
    assert.equal(match?.route, expected)
    if (match === undefined) return
    const { pathPrefix } = match.route
    const whole = pathPrefix === '/' ? `/${match.key}` : `${pathPrefix}/${match.key}`
    assert.ok(whole === wanted || whole === `${wanted}/`)
  })
  fc.assert(property, { numRuns: 2000 })
})

/** What a parser may hand on: any bytes, one character each. */
const rawPath = fc
  .oneof(
    fc.array(fc.integer({ min: 1, max: 255 }), { maxLength: 20 }).map((codes) => String.fromCharCode(...codes)),
    fc
      .array(fc.constantFrom('%2e', '.', '%', '%2f', '/', '%00', '%c3', '%a9', '\xc3', '\xa9', 'a'), { maxLength: 12 })
      .map((all) => all.join('')),
  )
  .map((text) => `/${text}`)

test('any path is decoded or refused, and what is decoded names no other place and is valid UTF-8', () => {
  const property = fc.property(rawPath, (raw) => {
    let decoded: string
    try {
      decoded = decodePath(raw)
    } catch (error) {
      assert.ok(error instanceof ProxyError && error.code === 'InvalidPath')
      return
    }
    assert.ok(decoded.isWellFormed())
    assert.ok(!decoded.includes('\0'))
    assert.ok(decoded.split('/').every((part) => part !== '.' && part !== '..'))
  })
  fc.assert(property, { numRuns: 5000 })
})

test('every key reaches its bucket unchanged, however much of it is percent-encoded', () => {
  const key = fc.string({ unit: 'grapheme', maxLength: 20 }).filter((text) => {
    return (
      text.isWellFormed() &&
      !text.includes('\0') &&
      !`/${text}`.split('/').some((part) => part === '.' || part === '..')
    )
  })
  const table = new RouteTable([{ pathPrefix: '/b', hosts: [] }])
  const property = fc.property(key, fc.infiniteStream(fc.boolean()), (text, choices) => {
    const encoded = Buffer.from(text)
      .reduce<string[]>((out, byte) => {
        const char = String.fromCharCode(byte)
        const isEscaped = char === '%' || (choices.next().value ?? false)
        out.push(isEscaped ? `%${byte.toString(16).padStart(2, '0')}` : char)
        return out
      }, [])
      .join('')
    assert.equal(table.match('', decodePath(`/b/${encoded}`))?.key, text)
  })
  fc.assert(property, { numRuns: 2000 })
})

test('a kept query is kept the same when it comes back, and does not depend on the order of its names', () => {
  const field = fc.tuple(fc.string({ unit: 'grapheme', minLength: 1 }), fc.string({ unit: 'grapheme' }))
  const legal = ([name, value]: [string, string]) =>
    `${name}${value}`.isWellFormed() && !/[\r\n\0]/.test(`${name}${value}`)
  const fields = fc.uniqueArray(field.filter(legal), { selector: ([name]) => name, maxLength: 5 })
  const raw = (all: readonly (readonly [string, string])[]) =>
    all.map(([name, value]) => `${encodeURIComponent(name)}=${encodeURIComponent(value)}`).join('&')
  const property = fc.property(fields, (all) => {
    const kept = keptQuery(raw(all), { keep: 'all' })
    assert.equal(keptQuery(kept, { keep: 'all' }), kept)
    assert.equal(keptQuery(raw(all.toReversed()), { keep: 'all' }), kept)
  })
  fc.assert(property, { numRuns: 1000 })
})
