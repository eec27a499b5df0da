import assert from 'node:assert/strict'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { Chain, digestOf, openChain } from '../../../src/audit/chain.ts'
import { verifyChain } from '../../../src/audit/verify.ts'
import { auditVerify } from '../../../src/cli/audit.ts'
import { fc } from '../../support/fast-check.ts'

const entryOf = (number: number) => `{"timestamp":"2026-11-20T10:15:00.000Z","number":${number},"text":"ä"}`

function chained(count: number, chain = new Chain(undefined)): readonly string[] {
  return Array.from({ length: count }, (_, number) => chain.link(entryOf(number)))
}

async function makeFolder(t: TestContext): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'yatagarasu-audit-'))
  t.after(() => rm(folder, { recursive: true, force: true }))
  return folder
}

/** Files of these lines, in order; each line ends with a line break. */
async function filesOf(t: TestContext, ...contents: readonly (readonly string[])[]): Promise<readonly string[]> {
  const folder = await makeFolder(t)
  const paths = contents.map((_, index) => join(folder, `${index}.log`))
  for (const [index, lines] of contents.entries()) {
    await writeFile(paths[index] ?? '', lines.map((line) => `${line}\n`).join(''))
  }
  return paths
}

test('a chain is whole across files, and ends with a digest to be kept', async (t) => {
  const lines = chained(10)
  const files = await filesOf(t, lines.slice(0, 4), [], lines.slice(4))
  assert.deepEqual(await verifyChain(files), {
    ...{ entries: 10, unlinked: 0, isFromBeginning: true, torn: [], broken: undefined },
    lastDigest: digestOf(lines[9] ?? ''),
  })
})

test('files need not begin with the first entry', async (t) => {
  const files = await filesOf(t, chained(10).slice(5))
  const { entries, isFromBeginning, broken } = await verifyChain(files)
  assert.deepEqual([entries, isFromBeginning, broken], [5, false, undefined])
})

const [first = '', second = '', third = '', ...others] = chained(6)
const unfollowed = 'does not follow the entry before it'
for (const [what, lines, line, reason] of [
  ['an edited entry', [first, second.replace('"number":1', '"number":7'), third, ...others], 3, unfollowed],
  ['an edited link', [first, second.replace(/[\da-f]{64}/, 'a'.repeat(64)), third, ...others], 2, unfollowed],
  ['a removed entry', [first, third, ...others], 2, unfollowed],
  [
    'an entry inserted with a link of its own',
    [first, second, new Chain(second).link(entryOf(9)), third],
    4,
    unfollowed,
  ],
  ['an entry inserted without one', [first, second, entryOf(9), third], 3, 'has no link'],
  ['two entries that changed places', [first, third, second, ...others], 2, unfollowed],
  ['an entry told twice', [first, second, second, third], 3, unfollowed],
  ['a chain that begins anew', [first, second, ...chained(2)], 3, unfollowed],
  ['an empty line', [first, '', second], 2, 'is no entry'],
  ['something else', [first, 'lorem', second], 2, 'is no entry'],
  ['an entry changed into half of one', [first, second.slice(0, 60), third], 3, unfollowed],
] as const) {
  test(`${what} breaks the chain`, async (t) => {
    const [file = ''] = await filesOf(t, lines)
    assert.deepEqual((await verifyChain([file])).broken, { file, line, reason })
  })
}

test('a break is told with its file and its line there', async (t) => {
  const files = await filesOf(t, [first, second], [others[0] ?? ''])
  assert.deepEqual((await verifyChain(files)).broken, { file: files[1], line: 1, reason: unfollowed })
})

test('entries from before there was a chain are counted, and the chain holds on to them', async (t) => {
  const old = [entryOf(0), entryOf(1)]
  const whole = await filesOf(t, [...old, ...chained(2, new Chain(old[1]))])
  const { unlinked, broken } = await verifyChain(whole)
  assert.deepEqual([unlinked, broken], [2, undefined])
  const cut = await filesOf(t, [entryOf(0), ...chained(2, new Chain(old[1]))])
  assert.equal((await verifyChain(cut)).broken?.line, 2)
})

test('what a crash leaves of an entry is told, and breaks nothing', async (t) => {
  const [file = ''] = await filesOf(t, [first, second.slice(0, 40), second, third.slice(0, 5)])
  const { entries, torn, broken } = await verifyChain([file])
  assert.deepEqual([entries, broken], [2, undefined])
  assert.deepEqual(
    torn,
    [2, 4].map((line) => ({ file, line })),
  )
})

test('any change of any byte before the last entry is found', async (t) => {
  const text = `${chained(5).join('\n')}\n`
  const bytes = Buffer.from(text)
  // Without the line break before it both are one line that nothing follows: the end of the log, as a crash leaves it.
  const end = Buffer.from(text.slice(0, text.lastIndexOf('\n{'))).byteLength
  const folder = await makeFolder(t)
  const file = join(folder, 'audit.log')
  await fc.assert(
    fc.asyncProperty(fc.nat(end - 1), fc.integer({ min: 1, max: 255 }), async (at, change) => {
      const edited = Buffer.from(bytes)
      edited[at] = (edited[at] ?? 0) ^ change
      await writeFile(file, edited)
      const { broken, isFromBeginning } = await verifyChain([file])
      assert.ok(broken !== undefined || !isFromBeginning)
    }),
    { numRuns: 300 },
  )
})

for (const [what, files, expected] of [
  ['with its last entry', { 'audit.log': [first, second] }, second],
  [
    'with the last whole entry when a crash cut one short',
    { 'audit.log': [first, second, third.slice(0, 30)] },
    second,
  ],
  [
    'with the newest rotated file when there is no other',
    { 'audit.log.2026-11-20T10-15-00Z': [first], 'audit.log.2026-11-20T10-15-00Z-1': [second] },
    second,
  ],
  [
    'with the newest rotated file when the live one is empty',
    { 'audit.log': [], 'audit.log.2026-11-20T10-15-00Z': [second] },
    second,
  ],
  ['with the beginning when there is nothing', {}, undefined],
  [
    'with an entry longer than what is read at once',
    { 'audit.log': [first, JSON.stringify({ text: 'x'.repeat(300_000) })] },
    JSON.stringify({ text: 'x'.repeat(300_000) }),
  ],
] as const) {
  test(`after a restart the chain goes on ${what}`, async (t) => {
    const folder = await makeFolder(t)
    for (const [name, lines] of Object.entries(files)) await writeFile(join(folder, name), lines.join('\n'))
    const chain = await openChain(join(folder, 'audit.log'))
    assert.equal(chain.link(entryOf(1)), new Chain(expected).link(entryOf(1)))
  })
}

test('a log that cannot be read has a chain of its own', async (t) => {
  const chain = await openChain(await makeFolder(t))
  assert.equal(chain.link(entryOf(1)), new Chain(undefined).link(entryOf(1)))
})

async function verify(files: readonly string[], json = false) {
  const written: string[] = []
  const complaints: string[] = []
  const ports = { write: (line: string) => written.push(line), complain: (line: string) => complaints.push(line) }
  const code = await auditVerify({ files, json, ...ports, showProgress: undefined })
  return { code, written: written.join('\n'), complaints }
}

test('the command says that a chain is whole', async (t) => {
  const { code, written } = await verify(await filesOf(t, [first, second]))
  assert.equal(code, 0)
  assert.equal(written, `2 entries: the chain is whole\ndigest of the last entry: ${digestOf(second)}`)
})

test('the command says where a chain is broken', async (t) => {
  const files = await filesOf(t, [first, third])
  const { code, written } = await verify(files)
  assert.deepEqual([code, written], [1, `2 entries: the chain is broken at ${files[0]}:2: this line ${unfollowed}`])
})

test('the command says what it cannot know', async (t) => {
  const later = await verify(await filesOf(t, [second, third.slice(0, 30)]))
  assert.equal(later.code, 0)
  assert.match(later.written, /follows one that is not in these files\n.*0\.log:2: an entry cut short/)
  assert.deepEqual(await verify(await filesOf(t, [entryOf(0)])), {
    ...{ code: 1, written: '1 entry: none of them has a link', complaints: [] },
  })
  assert.equal((await verify(await filesOf(t, []))).code, 0)
})

test('scripts get the same as JSON', async (t) => {
  const [file = ''] = await filesOf(t, [first, third])
  const { written } = await verify([file], true)
  assert.deepEqual(JSON.parse(written), {
    ...{ whole: false, entries: 2, unlinked: 0, from_beginning: true, torn: [] },
    ...{ broken: { file, line: 2, reason: unfollowed }, last_digest: digestOf(first) },
  })
})

test('without files, or with one that is not there, the command says so', async () => {
  assert.deepEqual([(await verify([])).code, (await verify(['/nowhere/audit.log'])).code], [2, 1])
})

test('whoever watches sees how far it is', async (t) => {
  const files = await filesOf(t, chained(2000), chained(10))
  const shares: number[] = []
  const ports = { write: () => {}, complain: () => {}, showProgress: (share: number) => void shares.push(share) }
  await auditVerify({ files, json: false, ...ports })
  assert.ok(shares.length > 2)
  assert.deepEqual(
    shares,
    shares.toSorted((one, other) => one - other),
  )
  assert.equal(shares.at(-1), 1)
})
