import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { Chain } from '../../src/audit/chain.ts'
import { runCli } from '../support/proxy-process.ts'

test('audit verify reads files in the order they are given, and says whether the chain is whole', async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'yatagarasu-verify-'))
  t.after(() => rmSync(folder, { recursive: true }))
  const chain = new Chain(undefined)
  const files = ['1', '2'].map((name) => {
    writeFileSync(join(folder, name), `${chain.link(`{"timestamp":"${name}"}`)}\n`)
    return join(folder, name)
  })

  const whole = await runCli(['audit', 'verify', ...files])
  const broken = await runCli(['audit', 'verify', '--json', ...files.toReversed()])
  const help = await runCli(['audit', '--help'])

  assert.deepEqual([whole.code, whole.stderr], [0, ''])
  assert.match(whole.stdout, /^2 entries: the chain is whole$/m)
  assert.equal(broken.code, 1)
  assert.equal(JSON.parse(broken.stdout).whole, false)
  assert.match(help.stdout, /^yatagarasu audit verify FILE/)
})
