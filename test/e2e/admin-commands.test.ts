import assert from 'node:assert/strict'
import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Readable } from 'node:stream'
import { text } from 'node:stream/consumers'
import { type TestContext, test } from 'node:test'
import { administered, adminSecret } from '../support/administration.ts'
import { kill, spawnBound } from '../support/child-process.ts'
import { type FakeOrigin, startFakeOrigin } from '../support/fake-origin.ts'
import { freePort } from '../support/free-port.ts'
import { type CliResult, runCli, startProxyProcess } from '../support/proxy-process.ts'
import { configFor } from '../support/start-proxy.ts'
import { hs256, signedToken } from '../support/tokens.ts'

const inAnHour = Math.floor(Date.now() / 1000) + 3600
const mainFile = join(import.meta.dirname, '../../src/main.ts')

interface Stage {
  readonly origin: FakeOrigin
  readonly main: string
  readonly configFile: string
  readonly env: Readonly<Record<string, string>>
  run(...args: readonly string[]): Promise<CliResult>
  /** X-Cache of a GET. */
  read(path: string): Promise<string | null>
  /** A file that lives as long as the proxy. */
  file(name: string, content: string): string
}

async function startStage(t: TestContext): Promise<Stage> {
  const origin = await startFakeOrigin(t)
  const s3 = { bucket: 'bucket', region: 'us-east-1', endpoint: origin.endpoint, access_key: 'a', secret_key: 's' }
  const moreBuckets = [
    {
      name: 'locked',
      path_prefix: '/locked',
      s3,
      jwt: { ...hs256, claims: [{ claim: 'role', operator: 'equals', value: 'reader' }] },
    },
    { name: 'warmed', path_prefix: '/pictures', s3 },
  ]
  const { main, configFile } = await startProxyProcess(
    t,
    configFor(origin.endpoint, { top: administered, moreBuckets }),
  )
  const folder = mkdtempSync(join(tmpdir(), 'yatagarasu-commands-'))
  t.after(() => rmSync(folder, { recursive: true }))
  const token = await signedToken({ sub: 'root', role: 'admin', exp: inAnHour }, adminSecret)
  const env = { YATAGARASU_URL: main, YATAGARASU_TOKEN: token }
  return {
    ...{ origin, main, configFile, env },
    run: (...args) => runCli(args, { env }),
    async read(path) {
      const response = await fetch(`${main}${path}`)
      await response.arrayBuffer()
      return response.headers.get('x-cache')
    },
    file(name, content) {
      writeFileSync(join(folder, name), content)
      return join(folder, name)
    },
  }
}

interface Spawned {
  readonly stdout: Readable
  readonly stderr: Readable
  readonly ended: Promise<number | null>
  signal(name: NodeJS.Signals): void
}

/** A command that is not only waited for. */
function spawnCli(t: TestContext, env: Stage['env'], args: readonly string[], input = ''): Spawned {
  const child = spawnBound(process.execPath, [mainFile, ...args], { env: { ...process.env, ...env }, stdio: 'pipe' })
  t.after(() => kill(child))
  const { stdin, stdout, stderr } = child
  assert.ok(stdin && stdout && stderr)
  stdin.end(input)
  const ended = once(child, 'exit').then(([code]) => code as number | null)
  return { stdout, stderr, ended, signal: (name) => void child.kill(name) }
}

test('commands speak with a proxy that runs', async (t) => {
  const stage = await startStage(t)
  const { origin, run, read, file, env } = stage

  await t.test('purge forgets an object, byte for byte as its key is', async () => {
    const key = 'a b/*%2A+é*'
    origin.serve(key, 'crow')
    origin.serve('a b/*%2A+é*more', 'crow')
    const path = `/b/${encodeURIComponent(key)}`
    await read(path)
    await read(`${path}more`)

    const purged = await run('purge', '--bucket', 'b', '--key', key)
    const again = await run('purge', '--bucket', 'b', '--key', key)

    assert.deepEqual([purged.code, purged.stderr], [0, ''])
    assert.match(purged.stdout, /^tier +records +size\nmemory +1 +(\d+ B)\n\n1 object purged, \1$/)
    assert.deepEqual([again.code, again.stdout], [0, 'nothing of it was cached'])
    assert.deepEqual([await read(path), await read(`${path}more`)], ['MISS', 'HIT'])
  })

  for (const [what, args, gone] of [
    ['a prefix', ['--bucket', 'b', '--prefix', 'p/*'], ['p/*1']],
    ['a tag', ['--tag', 'red'], ['p/*1', 'p/2']],
    ['a tag of a bucket', ['--tag', 'red', '--bucket', 'warmed'], []],
    ['a filter', ['--where', '{"and":[{"bucket":"b"},{"key":{"glob":"p/?"}}]}'], ['p/2']],
    ['a bucket', ['--bucket', 'b'], ['p/*1', 'p/2', 'q']],
    ['everything', ['--all', '--yes'], ['p/*1', 'p/2', 'q']],
    ['nothing, when it is dry', ['--bucket', 'b', '--prefix', 'p/', '--dry-run'], []],
    ['nothing of all, when it is dry', ['--all', '--dry-run'], []],
  ] as const) {
    await t.test(`purge forgets ${what}`, async () => {
      const keys = ['p/*1', 'p/2', 'q']
      for (const key of keys) {
        origin.serve(key, 'crow', { headers: key === 'q' ? {} : { 'cache-tag': 'red' } })
        await read(`/b/${key}`)
      }

      const { code, stdout, stderr } = await run('purge', ...args)

      assert.deepEqual([code, stderr], [0, ''])
      assert.match(stdout, /objects? (?:would be )?purged, /)
      for (const key of keys)
        assert.equal(await read(`/b/${key}`), gone.some((one) => one === key) ? 'MISS' : 'HIT', key)
    })
  }

  await t.test('purge --soft has what is cached confirmed', async () => {
    origin.serve('soft', 'crow')
    await read('/b/soft')

    const { code, stdout } = await run('purge', '--bucket', 'b', '--key', 'soft', '--soft', '--json')

    const { purged, soft } = JSON.parse(stdout)
    assert.deepEqual([code, purged.entries, soft], [0, 1, true])
    assert.equal(await read('/b/soft'), 'REVALIDATED')
  })

  for (const [what, args, complaint] of [
    ['a bucket that is not there', ['purge', '--bucket', 'none'], /answered 404 UnknownBucket .*correlation id/],
    ['a key with a dot segment', ['purge', '--bucket', 'locked', '--key', '../b'], /answered 400 InvalidPath/],
    ['a filter without sense', ['purge', '--where', '{"colour":"red"}'], /answered 400 InvalidArgument .*colour/],
    ['a token that is none of theirs', ['stats', '--token', 'x'], /answered 401 TokenInvalid/],
    ['nobody who listens', ['stats', '--url', 'http://127.0.0.1:1'], /http:\/\/127\.0\.0\.1:1: connect ECONNREFUSED/],
    ['no administration', ['stats', '--url', `${origin.endpoint}/x`], /answered 404 and nothing that says why/],
    ['objects that fail', ['warm', '--bucket', 'b', '--prefix', 'x'], /last error: /],
  ] as const) {
    await t.test(`${what} is a failure`, async () => {
      const { code, stderr } = await run(...args)

      assert.equal(code, 1)
      assert.match(stderr, complaint)
      assert.doesNotMatch(stderr, /\n +at /)
    })
  }

  await t.test('stats shows what the cache has done, of all and of one bucket', async () => {
    origin.serve('counted', 'crow')
    await read('/b/counted')
    await read('/b/counted')

    const { code, stdout } = await run('stats')
    const { total, tiers, buckets } = JSON.parse((await run('stats', '--bucket', 'b', '--json')).stdout)

    assert.equal(code, 0)
    assert.match(
      stdout,
      /^ +hits +misses +hit rate +evictions +size +of +records +avoided +saved +spent\ntotal +\d+ +\d+ +\d+\.\d %/,
    )
    assert.match(stdout, /^tier memory .* 64\.0 MiB +\d+ +- +- +-$/m)
    assert.match(stdout, /^bucket pictures|^bucket warmed/m)
    assert.ok(total.hits > 0 && tiers.memory.current_item_count > 0)
    assert.deepEqual(Object.keys(buckets), ['b'])
  })

  await t.test('stats --watch goes on until Ctrl-C, which is no failure', async (t) => {
    const { stdout, stderr, ended, signal } = spawnCli(t, env, ['stats', '--watch', '1', '--json'])
    const complaints = text(stderr)
    let seen = ''
    for await (const chunk of stdout) {
      seen += chunk
      if (seen.split('\n').length > 2) signal('SIGINT') // two answers
    }
    for (const line of seen.trimEnd().split('\n')) assert.ok('total' in JSON.parse(line))
    assert.deepEqual([await ended, await complaints], [0, ''])
  })

  await t.test('a reader that has gone away ends it without a word', async (t) => {
    const { stdout, stderr, ended } = spawnCli(t, env, ['stats', '--watch', '1'])
    const complaints = text(stderr)
    await once(stdout, 'data')
    stdout.destroy()
    assert.deepEqual([await ended, await complaints], [1, ''])
  })

  await t.test('explain says what would come of a request, and why', async () => {
    origin.serve('explained', 'crow')
    await read('/b/explained')
    const reader = await signedToken({ role: 'writer', exp: inAnHour })

    const hit = await run('explain', '/b/explained')
    const denied = await run('explain', '/locked/x', '--as', reader, '--address', '192.0.2.7', '--json')
    const unknown = await run('explain', '/nowhere/x', '--header', 'Accept: text/html')

    assert.match(hit.stdout, /^key +id: b:explained/m)
    assert.match(hit.stdout, /^plan +hit \(200\)\nbecause +stored, and fresh$/m)
    const { plan, status, auth, address } = JSON.parse(denied.stdout)
    assert.deepEqual([plan, status, auth.failing_claim, address.client], ['refuse', 403, 'role equals', '192.0.2.7'])
    assert.match(unknown.stdout, /^plan +refuse \(404\)$/m)
    assert.deepEqual([hit.code, denied.code, unknown.code], [0, 0, 0])
  })

  await t.test('warm brings in keys of a list, and says how it went', async () => {
    for (const key of ['w/1', 'w/2 é', 'w/3']) origin.serve(key, 'crow')
    await read('/pictures/w/1')

    const list = file('keys', 'w/1\nw/2 é\nw/3\nw/missing\n')
    const { code, stdout } = await run('warm', '--bucket', 'warmed', '--keys', list)

    assert.equal(code, 0)
    assert.match(stdout, /^fetched +2 +8 B\nfresh already +1\nmissing at S3 +1\nfailed +0\n\ndone$/m)
    for (const key of ['w/2%20%C3%A9', 'w/3']) assert.equal(await read(`/pictures/${key}`), 'HIT')
  })

  await t.test('warm brings in what was read most by an access log, found by the config', async () => {
    const log = ['l/2', 'l/1', 'l/2', 'l/3', 'l/1', 'l/2'].map((key) => {
      origin.serve(key, 'crow')
      return `192.0.2.7 - - [21/Nov/2026:10:15:00 +0000] "GET /pictures/${key} HTTP/1.1" 200 4 "-" "-"\n`
    })
    const args = ['--access-log', file('log', `${log.join('')}\n`), '--limit', '2']
    const config = ['--url', stage.main, '--config', stage.configFile]
    const { code, stdout, stderr } = await run('warm', '--bucket', 'warmed', ...args, ...config, '--json')

    const { fetched, state } = JSON.parse(stdout)
    assert.deepEqual([code, fetched, state], [0, 2, 'done'])
    assert.equal(stderr, 'lines that held no key of this bucket: 1')
    assert.deepEqual([await read('/pictures/l/2'), await read('/pictures/l/3')], ['HIT', 'MISS'])
  })

  await t.test('warm --detach names the job and leaves it', async (t) => {
    const hold = origin.serve('held', 'crow').holdAt(0)
    const { stdout, ended } = spawnCli(t, env, ['warm', '--bucket', 'b', '--detach', '--keys', '-'], 'held\n')

    assert.match(await text(stdout), /^[\w-]+\n$/)
    assert.equal(await ended, 0)
    await hold.reached
    hold.release()
  })

  await t.test('Ctrl-C calls a job off, and is told as a failure', async (t) => {
    const hold = origin.serve('slow', 'crow').holdAt(0)
    const { stdout, ended, signal } = spawnCli(t, env, ['warm', '--bucket', 'b', '--keys', '-', '--json'], 'slow\n')
    await hold.reached
    signal('SIGINT')

    assert.equal(JSON.parse(await text(stdout)).state, 'cancelled')
    assert.equal(await ended, 1)
    hold.release()
  })

  await t.test('the token may come by standard input', async (t) => {
    const { YATAGARASU_TOKEN: token = '', ...others } = env
    const { stdout, ended } = spawnCli(t, others, ['stats', '--json', '--token-file', '-'], `${token}\n`)
    assert.ok('total' in JSON.parse(await text(stdout)))
    assert.equal(await ended, 0)
  })
})

test('where the proxy is stands in its config file', async (t) => {
  const port = await freePort()
  const server = { address: `0.0.0.0:${port}` }
  const { configFile } = await startProxyProcess(t, configFor('http://127.0.0.1:1', { server, top: administered }))
  const token = await signedToken({ role: 'admin', exp: inAnHour }, adminSecret)

  const { code, stdout } = await runCli(['stats', '--config', configFile, '--json'], {
    env: { YATAGARASU_TOKEN: token },
  })

  assert.equal(code, 0)
  assert.ok('total' in JSON.parse(stdout))
})
