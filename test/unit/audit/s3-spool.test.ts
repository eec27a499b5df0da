import assert from 'node:assert/strict'
import { mkdirSync, readdirSync, renameSync, writeFileSync } from 'node:fs'
import { type FileHandle, open } from 'node:fs/promises'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { Spool } from '../../../src/audit/s3-spool.ts'
import { FakeClock } from '../../support/fake-clock.ts'
import { createFakeRandom } from '../../support/fake-random.ts'
import { fc } from '../../support/fast-check.ts'
import { spooledFiles, spoolFolder } from './s3-rig.ts'

const random = createFakeRandom()
const line = (number: number) => Buffer.from(`{"number":${number}}\n`)

async function openSpool(t: TestContext, root: string, clock = new FakeClock(), hostname = 'cache-1'): Promise<Spool> {
  const spool = await Spool.open(root, { clock, random, hostname })
  t.after(() => spool.close())
  return spool
}

/** What a process that was killed leaves: its files, and no lock. */
function leaveBehind(root: string, files: Readonly<Record<string, string>>, owner = 'cache-0-0000abcd'): void {
  mkdirSync(join(root, owner), { recursive: true })
  for (const [name, text] of Object.entries(files)) writeFileSync(join(root, owner, name), text)
}

async function drain(spool: Spool): Promise<readonly string[]> {
  const names: string[] = []
  for (let batch = spool.oldest; batch !== undefined; batch = spool.oldest) {
    names.push(batch.name)
    await spool.remove(batch)
  }
  return names
}

test('batches of one second, and of a clock that was put back, have names in the order of their making', async (t) => {
  const clock = new FakeClock()
  const spool = await openSpool(t, spoolFolder(t), clock)
  for (let batch = 0; batch < 3; batch++) {
    await spool.append(line(batch))
    await spool.seal()
    if (batch === 1) clock.stepWallTime(-3_600_000)
  }
  const names = await drain(spool)
  assert.equal(new Set(names).size, 3)
  assert.deepEqual(
    names.map((name) => name.slice(0, 36)),
    ['00', '01', '02'].map((second) => `yatagarasu-audit-2026-01-01-00-00-${second}`),
  )
})

test('a batch without lines is none', async (t) => {
  const spool = await openSpool(t, spoolFolder(t))
  await spool.seal()
  assert.equal(spool.oldest, undefined)
})

for (const [hostname, node] of [
  ['web_1.example', 'web-1.example'],
  ['../../etc', '-..-etc'],
  ['', 'node'],
] as const) {
  test(`a host called ${JSON.stringify(hostname)} is ${node} in names`, async (t) => {
    const spool = await openSpool(t, spoolFolder(t), new FakeClock(), hostname)
    await spool.append(line(0))
    await spool.seal()
    assert.match(spool.oldest?.name ?? '', new RegExp(`-${node.replaceAll('.', '\\.')}-[0-9a-f]{8}\\.jsonl$`))
  })
}

test('what a dead process has left comes first: its batches under their own names, then its open one', async (t) => {
  const root = spoolFolder(t)
  const left = 'yatagarasu-audit-2025-12-31-23-59-59-cache-0-0000abcd.jsonl'
  leaveBehind(root, { [left]: '{"number":0}\n', open: '{"number":1}\n{"number":2}\n{"numb', lock: '' })
  const spool = await openSpool(t, root)
  await spool.append(line(3))
  await spool.seal()
  const texts = [...spooledFiles(root).values()]
  assert.deepEqual(texts.sort(), ['{"number":0}\n', '{"number":1}\n{"number":2}\n', '{"number":3}\n'])
  assert.equal(spool.bytes, texts.join('').length)
  const names = await drain(spool)
  assert.equal(names[0], left)
  assert.equal(names.length, 3)
  assert.equal(spool.bytes, 0)
  assert.equal(readdirSync(root).length, 1)
})

test('an open batch of which not one line is whole is nothing', async (t) => {
  const root = spoolFolder(t)
  leaveBehind(root, { open: '{"number' })
  const spool = await openSpool(t, root)
  assert.equal(spool.oldest, undefined)
  assert.equal(spooledFiles(root).size, 0)
})

test('wherever a crash cuts the open batch, exactly the whole lines are kept', async (t) => {
  const root = spoolFolder(t)
  const whole = fc.array(
    fc.string({ maxLength: 40_000 }).map((text) => `${JSON.stringify(text)}\n`),
    { maxLength: 6 },
  )
  await fc.assert(
    fc.asyncProperty(whole, fc.double({ min: 0, max: 1, noNaN: true }), async (lines, share) => {
      const bytes = Buffer.from(lines.join(''))
      const torn = bytes.subarray(0, Math.floor(bytes.byteLength * share))
      leaveBehind(root, { open: torn.toString('latin1') })
      const spool = await Spool.open(root, { clock: new FakeClock(), random, hostname: 'cache-1' })
      const kept = [...spooledFiles(root).values()].join('')
      await drain(spool)
      await spool.close()
      const text = torn.toString('latin1')
      assert.equal(kept, text.slice(0, text.lastIndexOf('\n') + 1))
    }),
    { numRuns: 50 },
  )
})

for (const torn of [1, 65_535, 65_536, 65_537, 200_000]) {
  test(`a torn line of ${torn} bytes costs none of the lines before it`, async (t) => {
    const root = spoolFolder(t)
    leaveBehind(root, { open: `{"number":0}\n${'x'.repeat(torn)}` })
    const spool = await openSpool(t, root)
    assert.deepEqual([...spooledFiles(root).values()], ['{"number":0}\n'])
    assert.equal(spool.bytes, 13)
  })
}

test('of two processes with one spool folder neither touches what the other is writing', async (t) => {
  const root = spoolFolder(t)
  const one = await openSpool(t, root)
  await one.append(line(1))
  await one.seal()
  await one.append(line(2))
  const other = await openSpool(t, root)
  assert.equal(other.oldest, undefined)
  await other.append(line(3))
  await one.append(line(4))
  await one.seal()
  await other.seal()
  assert.equal((await drain(one)).length, 2)
  assert.equal((await drain(other)).length, 1)
})

test('a process that was closed leaves what it could not upload to the next one', async (t) => {
  const root = spoolFolder(t)
  const first = await Spool.open(root, { clock: new FakeClock(), random, hostname: 'cache-1' })
  await first.append(line(1))
  await first.seal()
  await first.close()
  const second = await Spool.open(root, { clock: new FakeClock(), random, hostname: 'cache-1' })
  assert.equal((await drain(second)).length, 1)
  await second.close()
  assert.deepEqual(readdirSync(root), [])
})

test('folders and files that are not of its making stay as they are', async (t) => {
  const root = spoolFolder(t)
  leaveBehind(root, { open: 'mine\n' }, 'somebody')
  leaveBehind(root, { 'notes.txt': 'theirs' })
  const spool = await openSpool(t, root)
  assert.equal(spool.oldest, undefined)
  assert.deepEqual([...spooledFiles(root).values()].sort(), ['mine\n', 'theirs'])
})

test('nothing stays of an append that failed half way', async (t) => {
  const root = spoolFolder(t)
  const spool = await openSpool(t, root)
  await spool.append(line(1))
  await breakNextWrite(t)
  await assert.rejects(spool.append(Buffer.concat([line(2), line(3)])), /the disk is full/)
  await spool.append(line(4))
  await spool.seal()
  assert.deepEqual([...spooledFiles(root).values()], ['{"number":1}\n{"number":4}\n'])
})

test('a batch that is gone already counts as removed', async (t) => {
  const root = spoolFolder(t)
  const spool = await openSpool(t, root)
  await spool.append(line(1))
  await spool.seal()
  const batch = spool.oldest
  assert.ok(batch)
  renameSync(batch.path, join(root, 'elsewhere'))
  await spool.remove(batch)
  assert.equal(spool.bytes, 0)
})

/** Takes all but the last bytes, then fails, as on a disk that fills up. */
async function breakNextWrite(t: TestContext): Promise<void> {
  await using handle = await open(import.meta.filename)
  const { write } = handle
  const breaking = async function (this: FileHandle, bytes: Buffer, offset: number, _length: undefined, at: number) {
    await Reflect.apply(write, this, [bytes, offset, bytes.byteLength - 4, at])
    throw new Error('the disk is full')
  }
  t.mock.method(Object.getPrototypeOf(handle), 'write', breaking, { times: 1 })
}
