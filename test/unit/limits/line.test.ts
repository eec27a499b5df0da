import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Line } from '../../../src/limits/line.ts'
import { fc } from '../../support/fast-check.ts'

const step = fc.oneof(
  fc.record({ kind: fc.constantFrom('join', 'leave'), who: fc.integer({ min: 0, max: 9 }) }),
  fc.constant({ kind: 'next', who: 0 }),
)

test('whoever joins and leaves, the next one is the one that has stood in line longest', () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
      const line = new Line<number>()
      let model: number[] = []
      for (const { kind, who } of steps) {
        if (kind === 'next') assert.equal(line.next(), model.shift())
        else if (kind === 'leave') {
          line.leave(who)
          model = model.filter((other) => other !== who)
        } else {
          line.join(who)
          if (!model.includes(who)) model.push(who)
        }
        assert.deepEqual([line.length, line.isEmpty], [model.length, model.length === 0])
      }
    }),
    { numRuns: 500 },
  )
})
