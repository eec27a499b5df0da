import assert from 'node:assert/strict'
import { test } from 'node:test'
import { parseArgs } from 'node:util'
import { command as audit } from '../../../src/cli/audit.ts'
import { type Command, UsageError, type Values } from '../../../src/cli/command.ts'
import { command as explain } from '../../../src/cli/explain.ts'
import { command as purge } from '../../../src/cli/purge.ts'
import { command as stats } from '../../../src/cli/stats.ts'
import { command as warm } from '../../../src/cli/warm.ts'
import { FakeClock } from '../../support/fake-clock.ts'

const silent = { write: () => {}, complain: () => {} }

/** As the command line does, in an environment without a proxy. */
async function run(command: Command, line: string, env: Readonly<Record<string, string>> = {}): Promise<number> {
  const { options } = command
  const { values, positionals } = parseArgs({ args: line.split(' ').slice(1), options, allowPositionals: true })
  return command.run({ values: values as Values, words: positionals, env, clock: new FakeClock(), ...silent })
}

const commands: Readonly<Record<string, Command>> = { purge, stats, explain, warm, audit }

for (const [line, complaint] of [
  ['purge', 'purge what?'],
  ['purge --all', 'everything would go; say --yes if it shall'],
  ['purge --all --tag red', '--all, --key, --prefix, --tag and --where exclude each other'],
  ['purge --bucket b --key a --prefix a', '--all, --key, --prefix, --tag and --where exclude each other'],
  ['purge --all --bucket b', '--all and --where exclude --bucket'],
  ['purge --where {} --bucket b', '--all and --where exclude --bucket'],
  ['purge --key a', '--key and --prefix need --bucket'],
  ['purge --prefix a', '--key and --prefix need --bucket'],
  ['purge --bucket b --prefix=', 'what is to be purged must not be empty'],
  ['purge --bucket=', 'what is to be purged must not be empty'],
  ['purge --where {', '--where is no JSON'],
  ['stats', 'no token: YATAGARASU_TOKEN, --token-file or --token has to bring one'],
  ['stats --token ä', 'what was given as a token is none'],
  ['stats --token-file /nowhere', "/nowhere cannot be read: ENOENT: no such file or directory, open '/nowhere'"],
  ['stats --token x --ca /nowhere', "/nowhere cannot be read: ENOENT: no such file or directory, open '/nowhere'"],
  ['stats --token x --config /nowhere', '/nowhere: cannot be read: ENOENT'],
  ['stats --token x --watch 0', "--watch wants a whole number over 0, not '0'"],
  ['stats --token x --timeout 1e3', "--timeout wants a whole number over 0, not '1e3'"],
  ['stats --token x --timeout 3000000', '--timeout wants at most 1000000 seconds'],
  ['explain', 'explain wants one path or URL'],
  ['explain /a /b', 'explain wants one path or URL'],
  ['explain /a --token x --header x', "--header wants 'Name: value', not 'x'"],
  ['warm --token x', '--bucket NAME is missing'],
  ['warm --token x --bucket b --prefix a --keys b', '--prefix and --keys exclude each other'],
  ['warm --token x --bucket b --keys /nowhere', "ENOENT: no such file or directory, open '/nowhere'"],
  ['audit', 'audit has one word, verify, and files behind it'],
  ['audit check a', 'audit has one word, verify, and files behind it'],
] as const) {
  test(`"${line}" is an error of usage`, async () => {
    const command = commands[line.split(' ')[0] ?? '']
    assert.ok(command)
    await assert.rejects(run(command, line), (error) => {
      assert.ok(error instanceof UsageError, String(error))
      assert.equal(error.message, complaint)
      return true
    })
  })
}

for (const url of ['ftp://a', 'a', 'http://user:hidden@a', 'http://a?b', 'http://a#b', 'hidden']) {
  test(`a proxy at ${url} is an error of usage that does not repeat it`, async () => {
    const complaint = 'the URL of the proxy must be http or https, without a user, query or fragment'
    await assert.rejects(run(stats, `stats --token x --url ${url}`), { message: complaint })
    await assert.rejects(run(stats, 'stats --token x', { YATAGARASU_URL: url }), { message: complaint })
  })
}
