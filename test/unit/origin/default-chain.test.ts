/** Where the AWS default chain looks, each place for real on loopback. */

import assert from 'node:assert/strict'
import { once } from 'node:events'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { createServer, type RequestListener } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { setImmediate as turn } from 'node:timers/promises'
import { systemClock } from '../../../src/base/clock.ts'
import { createCredentialSource } from '../../../src/origin/credentials.ts'
import { FakeClock } from '../../support/fake-clock.ts'
import { failsWith } from './rig.ts'

/** The environment as the chain sees it: nothing of AWS but what is given, and no files or addresses of this machine. */
function withEnvironment(t: TestContext, given: Record<string, string>): void {
  const before = { ...process.env }
  for (const name of Object.keys(process.env)) if (name.startsWith('AWS_')) delete process.env[name]
  const nowhere = {
    AWS_SHARED_CREDENTIALS_FILE: '/dev/null',
    AWS_CONFIG_FILE: '/dev/null',
    AWS_EC2_METADATA_DISABLED: 'true',
  }
  Object.assign(process.env, nowhere, given)
  t.after(() => {
    for (const name of Object.keys(process.env)) delete process.env[name]
    Object.assign(process.env, before)
  })
}

async function serve(t: TestContext, listener: RequestListener): Promise<string> {
  const server = createServer(listener).listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.after(() => {
    server.close()
    server.closeAllConnections()
  })
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
}

async function writeFileFor(t: TestContext, text: string): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'yatagarasu-chain-'))
  t.after(() => rm(folder, { recursive: true }))
  await writeFile(join(folder, 'file'), text)
  return join(folder, 'file')
}

const current = () => createCredentialSource({ kind: 'default-chain' }, 'eu-west-1', systemClock).current()
const expiry = '2099-01-01T00:00:00Z'

test('the environment comes first', async (t) => {
  withEnvironment(t, { AWS_ACCESS_KEY_ID: 'env', AWS_SECRET_ACCESS_KEY: 's', AWS_SESSION_TOKEN: 't' })
  assert.deepEqual(await current(), { accessKeyId: 'env', secretAccessKey: 's', sessionToken: 't' })
})

test('shared files are read', async (t) => {
  const file = await writeFileFor(t, '[default]\naws_access_key_id = shared\naws_secret_access_key = s\n')
  withEnvironment(t, { AWS_SHARED_CREDENTIALS_FILE: file })
  assert.equal((await current())?.accessKeyId, 'shared')
})

test('a web identity token is exchanged for credentials with an expiry', async (t) => {
  const keys = `<AccessKeyId>web</AccessKeyId><SecretAccessKey>s</SecretAccessKey><SessionToken>t</SessionToken>`
  const held = `<Credentials>${keys}<Expiration>${expiry}</Expiration></Credentials>`
  const result = `<AssumeRoleWithWebIdentityResult>${held}</AssumeRoleWithWebIdentityResult>`
  const sts = await serve(t, (_request, response) => {
    response.setHeader('Content-Type', 'text/xml')
    response.end(`<AssumeRoleWithWebIdentityResponse>${result}</AssumeRoleWithWebIdentityResponse>`)
  })
  withEnvironment(t, {
    AWS_WEB_IDENTITY_TOKEN_FILE: await writeFileFor(t, 'token'),
    AWS_ROLE_ARN: 'arn:aws:iam::123456789012:role/reader',
    AWS_ENDPOINT_URL_STS: sts,
  })
  const credentials = await current()
  assert.deepEqual([credentials?.accessKeyId, credentials?.expiresAt], ['web', Date.parse(expiry)])
})

test('a container is asked for its credentials', async (t) => {
  const url = await serve(t, (_request, response) => {
    response.setHeader('Content-Type', 'application/json')
    response.end(JSON.stringify({ AccessKeyId: 'container', SecretAccessKey: 's', Token: 't', Expiration: expiry }))
  })
  withEnvironment(t, { AWS_CONTAINER_CREDENTIALS_FULL_URI: `${url}/credentials` })
  const credentials = await current()
  assert.deepEqual([credentials?.accessKeyId, credentials?.expiresAt], ['container', Date.parse(expiry)])
})

test('ahead of expiry the chain is asked anew, not its memory', async (t) => {
  let asked = 0
  const url = await serve(t, (_request, response) => {
    asked += 1
    response.setHeader('Content-Type', 'application/json')
    const document = { AccessKeyId: `key-${asked}`, SecretAccessKey: 's', Token: 't', Expiration: expiry }
    response.end(JSON.stringify(document))
  })
  withEnvironment(t, { AWS_CONTAINER_CREDENTIALS_FULL_URI: `${url}/credentials` })
  const clock = new FakeClock(Date.parse(expiry) - 240_000)
  const source = createCredentialSource({ kind: 'default-chain' }, 'eu-west-1', clock)
  assert.equal((await source.current())?.accessKeyId, 'key-1')
  await clock.advance(10_000)
  assert.equal((await source.current())?.accessKeyId, 'key-1')
  for (let turns = 0; turns < 1000 && asked < 2; turns += 1) await turn()
  for (let turns = 0; turns < 100; turns += 1) await turn()
  assert.equal((await source.current())?.accessKeyId, 'key-2')
})

test('instance metadata comes last', async (t) => {
  const document = { Code: 'Success', AccessKeyId: 'instance', SecretAccessKey: 's', Token: 't', Expiration: expiry }
  const answers = new Map([
    ['/latest/api/token', 'metadata-token'],
    ['/latest/meta-data/iam/security-credentials/', 'role'],
    ['/latest/meta-data/iam/security-credentials/role', JSON.stringify(document)],
  ])
  const url = await serve(t, (request, response) => {
    response.end(answers.get(request.url ?? '') ?? '')
  })
  withEnvironment(t, { AWS_EC2_METADATA_DISABLED: 'false', AWS_EC2_METADATA_SERVICE_ENDPOINT: url })
  const credentials = await current()
  assert.deepEqual([credentials?.accessKeyId, credentials?.sessionToken], ['instance', 't'])
})

test('nothing anywhere is OriginCredentials', async (t) => {
  withEnvironment(t, {})
  await assert.rejects(async () => current(), failsWith('OriginCredentials'))
})
