import assert from 'node:assert/strict'
import { test } from 'node:test'
import { UnderWay } from '../../../src/cache/under-way.ts'
import { Collections } from '../../support/small-collections.ts'

test('is a map in the order of arrival', () => {
  const table = new UnderWay<string, { readonly name: string }>()
  for (const name of ['crow', 'kite', 'wren']) table.set(name, { name })
  table.delete('crow')
  table.delete('owl')
  table.set('kite', { name: 'red kite' })
  table.set('crow', { name: 'carrion crow' })
  assert.deepEqual(
    [...table.values()].map(({ name }) => name),
    ['red kite', 'wren', 'carrion crow'],
  )
  assert.deepEqual([table.size, table.has('crow'), table.has('owl'), table.get('owl')], [3, true, false, undefined])
})

test('what goes or is replaced while it is walked is left out, and what comes is not', () => {
  const table = new UnderWay<number, { readonly number: number }>()
  for (const number of [1, 2, 3]) table.set(number, { number })
  const met: number[] = []
  for (const { number } of table.values()) {
    met.push(number)
    table.delete(2)
    if (number === 1) table.set(4, { number: 4 })
  }
  assert.deepEqual(met, [1, 3, 4])
})

test('what has gone is freed by small collections, however long others have been there', async () => {
  const collections = new Collections()
  const table = new UnderWay<number, object>()
  table.set(0, {})
  await collections.full()
  const gone: WeakRef<object>[] = []
  for (let number = 1; number < 1000; number++) {
    const passing = { number }
    table.set(number, passing)
    if (number > 20) table.delete(number - 20)
    gone.push(new WeakRef(passing))
    if (number % 50 === 0) await collections.small(1)
  }
  await collections.small()
  const left = gone.filter((one) => one.deref() !== undefined).length
  assert.equal(left, table.size - 1)
})
