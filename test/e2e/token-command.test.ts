import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { jwtVerify } from 'jose'
import { runCli } from '../support/proxy-process.ts'
import { hs256, tokenSecret } from '../support/tokens.ts'

const bucket = (name: string, jwt?: object) => ({
  name,
  path_prefix: `/${name}`,
  s3: { bucket: 'bucket', region: 'us-east-1' },
  ...(jwt && { jwt }),
})
const protectedBucket = bucket('reports', { ...hs256, issuer: 'https://issuer.example', audience: ['cdn', 'other'] })

const configFile = (t: TestContext, ...buckets: readonly object[]) => fileOf(t, { buckets })

function fileOf(t: TestContext, config: object): string {
  const folder = mkdtempSync(join(tmpdir(), 'yatagarasu-token-'))
  t.after(() => rmSync(folder, { recursive: true }))
  writeFileSync(join(folder, 'config.yaml'), JSON.stringify(config))
  return join(folder, 'config.yaml')
}

const verify = (token: string) => jwtVerify(token, new TextEncoder().encode(tokenSecret), { audience: 'cdn' })

test('it signs with the only secret there is, and says what the bucket asks for', async (t) => {
  const config = configFile(t, bucket('open'), protectedBucket)
  const claims = ['--claim', 'role=reader', '--claim', 'tenant.id=7', '--claim', '__proto__.x=1']

  const { code, stdout, stderr } = await runCli(['token', '--config', config, '--subject', 'ann', ...claims])

  assert.deepEqual([code, stderr], [0, ''])
  const { payload, protectedHeader } = await verify(stdout)
  assert.equal(protectedHeader.alg, 'HS256')
  assert.equal(payload.sub, 'ann')
  assert.equal(payload.iss, 'https://issuer.example')
  assert.equal(payload['role'], 'reader')
  assert.deepEqual(payload['tenant'], { id: 7 })
  assert.equal((payload.exp ?? 0) - (payload.iat ?? 0), 3600)
  assert.equal(Object.hasOwn(payload, '__proto__'), true)
})

test('--json tells what is in it, and for which bucket', async (t) => {
  const config = configFile(t, bucket('first', { keys: [{ id: 'k1', ...hs256 }] }), protectedBucket)

  const args = ['token', '--config', config, '--bucket', 'first', '--expires-in', '60', '--json']
  const { code, stdout } = await runCli(args)

  assert.equal(code, 0)
  const { token, bucket: name, claims } = JSON.parse(stdout)
  assert.equal(name, 'first')
  assert.equal(claims.exp - claims.iat, 60)
  const [header = ''] = token.split('.')
  assert.deepEqual(JSON.parse(Buffer.from(header, 'base64url').toString()), { alg: 'HS256', typ: 'JWT', kid: 'k1' })
})

for (const [what, args, complaint] of [
  ['a bucket nobody has', ['--bucket', 'none'], /bucket none does not exist or has no secret.*reports/],
  ['two buckets to choose from', [], /several buckets have a secret.*reports, second/],
  ['a claim without a value', ['--bucket', 'second', '--claim', 'role'], /--claim wants PATH=VALUE, not 'role'/],
  ['a lifetime that is no number', ['--bucket', 'second', '--expires-in', 'soon'], /--expires-in wants seconds/],
] as const) {
  test(`${what} is an error of usage`, async (t) => {
    const config = configFile(t, protectedBucket, bucket('second', hs256))

    const { code, stdout, stderr } = await runCli(['token', '--config', config, ...args])

    assert.deepEqual([code, stdout], [2, ''])
    assert.match(stderr, complaint)
  })
}

test('its help is its own', async () => {
  const { code, stdout } = await runCli(['token', '--help'])

  assert.equal(code, 0)
  assert.match(stdout, /--expires-in SECONDS/)
})

const adminSecret = 'the administrators have a secret of their own'
const rule = (claim: string, operator: string, value?: unknown) => ({ claim, operator, value })

/** A file whose administrators have to say this, and whose bucket has one of its own. */
function administered(t: TestContext, ...claims: readonly object[]): string {
  const own = bucket('reports', { ...hs256, admin_claims: [rule('team', 'equals', 'reports')] })
  const admin = { claims, jwt: { algorithm: 'HS256', secret: adminSecret, issuer: 'https://staff.example' } }
  return fileOf(t, { admin, buckets: [own, bucket('second', hs256)] })
}

test('--admin signs what the admin claims ask for, with their secret', async (t) => {
  const config = administered(t, rule('role', 'in', ['admin', 'root']), rule('tenant.level', 'gte', 5))

  const { code, stdout, stderr } = await runCli(['token', '--config', config, '--admin', '--subject', 'ann'])

  assert.deepEqual([code, stderr], [0, ''])
  const { payload } = await jwtVerify(stdout, new TextEncoder().encode(adminSecret))
  assert.deepEqual([payload.sub, payload.iss, payload['role']], ['ann', 'https://staff.example', 'admin'])
  assert.deepEqual(payload['tenant'], { level: 5 })
})

test('--admin with --bucket is for the administrators of that bucket', async (t) => {
  const config = administered(t, rule('role', 'exists'))

  const { code, stdout } = await runCli(['token', '--config', config, '--admin', '--bucket', 'reports', '--json'])

  assert.equal(code, 0)
  const { token, bucket: name, admin, claims } = JSON.parse(stdout)
  assert.deepEqual([name, admin, claims.team, claims.role], ['reports', true, 'reports', undefined])
  await jwtVerify(token, new TextEncoder().encode(tokenSecret))
})

test('what --claim says is taken, where it satisfies the admin claims', async (t) => {
  const config = administered(t, rule('email', 'matches', '@staff\\.example$'))
  const run = (...args: readonly string[]) => runCli(['token', '--config', config, '--admin', ...args])

  assert.equal((await run('--claim', 'email=ann@staff.example')).code, 0)
  const { code, stdout, stderr } = await run('--claim', 'email=ann@elsewhere.example')
  assert.deepEqual([code, stdout], [2, ''])
  assert.match(stderr, /need a claim email that satisfies matches; give it with --claim email=VALUE/)
})

test('administrators that are not there, or that no secret verifies, are an error of usage', async (t) => {
  const config = administered(t, rule('role', 'exists'))
  const run = (file: string, ...args: readonly string[]) => runCli(['token', '--config', file, '--admin', ...args])
  const none = await run(configFile(t, protectedBucket))
  assert.deepEqual([none.code, none.stdout], [2, ''])
  assert.match(none.stderr, /there is no administration: nobody has admin claims/)
  const second = await run(config, '--bucket', 'second')
  assert.equal(second.code, 2)
  assert.match(second.stderr, /there are no administrators of bucket second whose tokens a secret verifies/)
})
