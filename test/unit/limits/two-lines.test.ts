import assert from 'node:assert/strict'
import { test } from 'node:test'
import { TwoLines } from '../../../src/limits/two-lines.ts'

/** Names of those who begin start with b. */
function lineOf(...names: string[]): TwoLines<string> {
  const line = new TwoLines<string>()
  for (const name of names) line.join(name, !name.startsWith('b'))
  return line
}

function served(line: TwoLines<string>): string[] {
  const all: string[] = []
  for (let next = line.next(); next !== undefined; next = line.next()) all.push(next)
  return all
}

test('those who begin and those who go on are served in turn, each in order of arrival', () => {
  assert.deepEqual(served(lineOf('g1', 'g2', 'g3', 'b1', 'b2', 'g4')), ['b1', 'g1', 'b2', 'g2', 'g3', 'g4'])
  assert.deepEqual(served(lineOf('b1', 'b2', 'g1')), ['b1', 'g1', 'b2'])
})

test('whoever begins while only others go on is next, and not after all of them', () => {
  const line = lineOf('b0')
  assert.equal(line.next(), 'b0')
  for (const name of ['g1', 'g2', 'g3']) line.join(name, true)
  line.join('b1', false)
  assert.deepEqual(served(line), ['b1', 'g1', 'g2', 'g3'])
})

test('the first one is who is served next, until it leaves', () => {
  const line = lineOf('g1', 'b1', 'b2')
  assert.deepEqual([line.first, line.length], ['b1', 3])
  line.leave('b1')
  assert.deepEqual([line.first, line.next(), line.first, line.next()], ['b2', 'b2', 'g1', 'g1'])
  assert.deepEqual([line.isEmpty, line.first, line.next()], [true, undefined, undefined])
})
