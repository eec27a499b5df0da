import assert from 'node:assert/strict'
import { test } from 'node:test'
import { bar, ProgressLine } from '../../../src/cli/progress.ts'
import { FakeClock } from '../../support/fake-clock.ts'

function stage(output: { readonly isTTY?: boolean; readonly columns?: number }) {
  const clock = new FakeClock()
  const written: string[] = []
  const line = new ProgressLine({ ...output, write: (text) => written.push(text) }, clock)
  return { clock, written, line }
}

for (const [done, total, filled] of [
  [0, 10, 0],
  [5, 10, 12],
  [10, 10, 24],
  [11, 10, 24],
  [0, 0, 0],
  [7, undefined, 0],
] as const) {
  test(`${done} of ${total ?? 'nobody knows how many'} fill ${filled} of 24`, () => {
    assert.equal(bar(done, total), `[${'#'.repeat(filled)}${'.'.repeat(24 - filled)}]`)
  })
}

test('on a terminal a line is drawn over what was longer, and gives way at the end', () => {
  const { written, line } = stage({ isTTY: true, columns: 200 })

  line.show(1000, 2000, 'a long one')
  line.show(2, undefined, 'x')
  line.end()
  line.end()

  const [first = '', second = '', third = '', ...more] = written
  assert.equal(first, `\r${bar(1, 2)} 1,000/2,000 a long one`)
  assert.equal(second.trimEnd(), `\r${bar(0, 1)} 2 x`)
  assert.equal(second.length, first.length)
  assert.match(third, /^\r +\r$/)
  assert.deepEqual(more, [])
})

test('a narrow terminal sees as much as it can draw over', () => {
  const { written, line } = stage({ isTTY: true, columns: 20 })

  line.show(1, 2, 'words')

  assert.equal(written[0]?.length, '\r'.length + 19)
})

test('elsewhere there is nothing for five seconds, and a line every five seconds then', async () => {
  const { clock, written, line } = stage({})

  line.show(1, 3, 'a')
  await clock.advance(5000)
  line.show(2, 3, 'b')
  await clock.advance(4999)
  line.show(3, 3, 'c')
  line.end()

  assert.deepEqual(written, [`${bar(2, 3)} 2/3 b\n`])
})
