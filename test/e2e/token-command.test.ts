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

function configFile(t: TestContext, ...buckets: readonly object[]): string {
  const folder = mkdtempSync(join(tmpdir(), 'yatagarasu-token-'))
  t.after(() => rmSync(folder, { recursive: true }))
  writeFileSync(join(folder, 'config.yaml'), JSON.stringify({ buckets }))
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
