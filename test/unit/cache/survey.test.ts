import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setImmediate as turn } from 'node:timers/promises'
import { everything } from '../../../src/cache/scope.ts'
import { idOf } from '../../support/cache-records.ts'
import { purgeStage } from '../../support/purge-stage.ts'

test('objects that a tier tells of after a while count like those it tells of at once', async () => {
  const { store, memory, objectAt } = purgeStage({}, ['memory'])
  const { each } = memory
  memory.each = async (...asked) => {
    await turn()
    await each(...asked)
  }
  for (const key of ['a', 'b']) await store.put(idOf(key), objectAt())
  assert.equal((await store.count(everything)).entries, 2)
  assert.equal((await store.purge(everything, 'soft')).entries, 2)
})
