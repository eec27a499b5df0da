import assert from 'node:assert/strict'
import { test } from 'node:test'
import { runCli } from '../support/proxy-process.ts'

for (const [what, args, complaint] of [
  ['no command', [], /no command\n\nyatagarasu, a read-only/],
  ['a command nobody knows', ['erase'], /unknown command erase/],
  ['a command that every object has', ['constructor'], /unknown command constructor/],
  ['an option nobody knows', ['stats', '--colour'], /Unknown option '--colour'/],
  ['an option that is given twice', ['purge', '--key', 'a', '--key', 'b'], /--key is given twice/],
  ['a word too many', ['purge', 'b'], /unexpected argument 'b'/],
  [
    'what the command itself refuses',
    ['purge', '--all'],
    /everything would go; say --yes.*\n\nyatagarasu purge --help/,
  ],
  ['serve without a config', ['serve'], /--config FILE is missing/],
] as const) {
  test(`${what} is an error of usage`, async () => {
    const { code, stdout, stderr } = await runCli(args)

    assert.deepEqual([code, stdout], [2, ''])
    assert.match(stderr, complaint)
    assert.doesNotMatch(stderr, /\n +at /)
  })
}

for (const [args, first] of [
  [['--help'], 'yatagarasu, a read-only HTTP caching proxy in front of S3'],
  [['serve', '-h'], 'yatagarasu, a read-only HTTP caching proxy in front of S3'],
  [['check', '--help'], 'yatagarasu check --config FILE'],
  [['purge', '--help'], 'yatagarasu purge WHAT [options]'],
  [['stats', '--help'], 'yatagarasu stats [--bucket NAME] [--watch SECONDS] [options]'],
  [['explain', '--help'], 'yatagarasu explain PATH-OR-URL [options]'],
  [['warm', '--help'], 'yatagarasu warm --bucket NAME [WHAT] [options]'],
] as const) {
  test(`"${args.join(' ')}" is answered without a proxy`, async () => {
    const { code, stdout, stderr } = await runCli(args)

    assert.deepEqual([code, stderr, stdout.split('\n')[0]], [0, '', first])
  })
}

test('the version is that of the package', async () => {
  const { code, stdout } = await runCli(['--version'])
  assert.equal(code, 0)
  assert.match(stdout, /^\d+\.\d+\.\d+$/)
})
