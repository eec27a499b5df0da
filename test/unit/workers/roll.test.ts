import assert from 'node:assert/strict'
import { once } from 'node:events'
import { test } from 'node:test'
import { Worker } from 'node:worker_threads'
import { createRoll } from '../../../src/workers/roll.ts'

const rollFile = new URL('../../../src/workers/roll.ts', import.meta.url).href

test('a thread is alive from its answer until it has ended, whoever has heard of that', async () => {
  const roll = createRoll(2)
  const answering = `
    import { parentPort, workerData } from 'node:worker_threads'
    import { answerRoll } from ${JSON.stringify(rollFile)}
    answerRoll(workerData, 1)
    parentPort.postMessage('here')
    setInterval(() => {}, 1000)`
  const worker = new Worker(new URL(`data:text/javascript,${encodeURIComponent(answering)}`), {
    workerData: roll.memory,
  })
  await once(worker, 'message')
  assert.equal(roll.isAlive(1), true)

  const ended = once(worker, 'exit')
  void worker.terminate()
  // Nothing is heard meanwhile: this thread does not get back to its event loop.
  while (roll.isAlive(1)) Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 1)

  await ended
})

test('a thread that nothing is known of is taken for alive', () => {
  assert.equal(createRoll(1).isAlive(0), true)
})
