import assert from 'node:assert/strict'
import { once } from 'node:events'
import { rmSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { Worker } from 'node:worker_threads'
import { FolderInUse, lockFolder } from '../../../src/cache/disk-lock.ts'
import { kill, spawnBound } from '../../support/child-process.ts'
import { makeFolder } from '../../support/disk-folders.ts'

const module = new URL('../../../src/cache/disk-lock.ts', import.meta.url).href

test('a lock excludes others of the same process, and those who come after its release get it', async (t) => {
  const folder = await makeFolder(t)
  const path = join(folder, 'lock')
  const first = lockFolder(folder, [path])
  for (let tries = 0; tries < 3; tries++) assert.throws(() => lockFolder(folder, [path]), FolderInUse)
  assert.equal(first.isInForce, true)
  assert.equal(statSync(path).mode & 0o777, 0o600)
  first.release()
  lockFolder(folder, [path]).release()
})

test('a lock on several files holds as long as one of them is there, and leaves none taken that it cannot have all of', async (t) => {
  const folder = await makeFolder(t)
  const paths = [join(folder, 'one'), join(folder, 'other')]
  for (const removed of paths) {
    const lock = lockFolder(folder, paths)
    assert.equal(lock.isInForce, true)
    rmSync(removed)
    assert.equal(lock.isInForce, false)
    assert.throws(() => lockFolder(folder, paths), FolderInUse)
    lockFolder(folder, [removed]).release()
    lock.release()
  }
})

test('a lock excludes a thread of the same process too', async (t) => {
  const folder = await makeFolder(t)
  const path = join(folder, 'lock')
  const lock = lockFolder(folder, [path])
  const code = `
    const { lockFolder } = await import(${JSON.stringify(module)})
    const { parentPort } = await import('node:worker_threads')
    let outcome = 'taken'
    try { lockFolder('f', [${JSON.stringify(path)}]) } catch (error) { outcome = error.constructor.name }
    parentPort.postMessage(outcome)`
  const worker = new Worker(new URL(`data:text/javascript,${encodeURIComponent(code)}`))
  assert.deepEqual(await once(worker, 'message'), ['FolderInUse'])
  await worker.terminate()
  lock.release()
})

test('of many processes that start at once on what a killed one left, one gets the folder', async (t) => {
  const folder = await makeFolder(t)
  const path = join(folder, 'lock')
  const code = `
    const { lockFolder } = await import(${JSON.stringify(module)})
    process.stdin.once('data', () => {
      try { lockFolder('f', [${JSON.stringify(path)}]); console.log('taken') } catch (error) { console.log(error.constructor.name) }
    })
    console.log('ready')`
  const start = () => {
    const child = spawnBound(process.execPath, ['--input-type=module', '-e', code], {
      stdio: ['pipe', 'pipe', 'inherit'],
    })
    t.after(() => kill(child))
    return child
  }
  const say = async (child: ReturnType<typeof start>) => `${await once(child.stdout ?? child, 'data')}`.trim()
  const owner = start()
  assert.equal(await say(owner), 'ready')
  owner.stdin?.write('go\n')
  assert.equal(await say(owner), 'taken')

  const starters = Array.from({ length: 6 }, start)
  await Promise.all(starters.map(say))
  await kill(owner)
  const answers = starters.map(say)
  for (const child of starters) child.stdin?.write('go\n')
  const outcomes = await Promise.all(answers)
  assert.equal(outcomes.filter((outcome) => outcome === 'taken').length, 1)
  assert.equal(outcomes.filter((outcome) => outcome === 'FolderInUse').length, 5)
})
