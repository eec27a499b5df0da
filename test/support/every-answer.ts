/** All that a bucket can come to: an origin that fails in every way, and requests that bring about every answer. */
import { createServer, type IncomingMessage, type RequestListener, type Server, type ServerResponse } from 'node:http'
import type { Readable } from 'node:stream'
import { signedToken, tokenSecret } from './tokens.ts'

/** By the first word of the key. */
const answers: Readonly<Record<string, (request: IncomingMessage, response: ServerResponse) => void>> = {
  object: (request, response) => {
    response.setHeader('ETag', '"1"')
    response.setHeader('Cache-Control', 'max-age=3600')
    if (request.headers['if-none-match'] === '"1"') response.writeHead(304).end()
    else response.end('crow')
  },
  briefly: (request, response) => {
    response.setHeader('ETag', '"1"')
    response.setHeader('Cache-Control', 'max-age=0, stale-while-revalidate=600')
    if (request.headers['if-none-match'] === '"1"') response.writeHead(304).end()
    else response.end('crow')
  },
  gone: (_, response) => response.writeHead(404).end('<Error><Code>NoSuchKey</Code></Error>'),
  denied: (_, response) => response.writeHead(403).end('<Error><Code>AccessDenied</Code></Error>'),
  moved: (_, response) => response.writeHead(301).end('<Error><Code>PermanentRedirect</Code></Error>'),
  fails: (_, response) => response.writeHead(500).end('<Error><Code>InternalError</Code></Error>'),
  overloaded: (_, response) => response.writeHead(503).end('<Error><Code>SlowDown</Code></Error>'),
  cut: (_, response) => response.destroy(),
  short: (_, response) => response.writeHead(200, { 'content-length': 9000 }).write('crow', () => response.destroy()),
  garbled: ({ socket }) => socket.end('nonsense\r\n\r\n'),
}

/** Not listening yet. Paths are `/bucket/word-number`. */
export function everyAnswerOrigin(): Server {
  const answer: RequestListener = (request, response) => {
    const [, word = ''] = /^\/[^/]*\/([a-z]+)/.exec(request.url ?? '') ?? []
    answers[word]?.(request, response)
  }
  return createServer({ keepAliveTimeout: 0 }, answer)
}

/** A bucket with everything on that adds to its metrics. `endpoints`: of its replicas. */
export function everyFeatureBucket(name: string, endpoints: readonly string[]): Readonly<Record<string, unknown>> {
  const keys = { region: 'us-east-1', access_key: 'test', secret_key: 'test-secret' }
  const replicas = endpoints.map((endpoint, index) => ({
    ...{ name: `replica-${index + 1}`, priority: index + 1, bucket: name, endpoint },
    ...keys,
  }))
  const rate = { requests_per_second: 1, burst_size: 200 }
  return {
    name,
    path_prefix: `/${name}`,
    s3: { replicas, hedging: { enabled: true }, retry: { max_attempts: 2, initial_backoff_ms: 1, max_backoff_ms: 2 } },
    jwt: { algorithm: 'HS256', secret: tokenSecret, claims: [{ claim: 'role', operator: 'equals', value: 'reader' }] },
    ip_blocklist: ['192.0.2.66'],
    rate_limit: { global: rate, per_ip: { ...rate, burst_size: 100 }, per_user: { ...rate, burst_size: 60 } },
  }
}

interface Asked {
  readonly method: 'GET' | 'HEAD' | 'OPTIONS' | 'POST' | 'PUT' | 'DELETE'
  readonly headers: Readonly<Record<string, string>>
  readonly body?: string
}

export type Open = (path: string, asked: Asked) => Promise<{ readonly body: Readable }>

/** Every kind of request for a bucket. What becomes of it, also a broken connection, is the metrics' to tell. */
export async function askEverything(bucket: string, open: Open): Promise<void> {
  const tokenOf = async (role: string, sub: string, exp = 4e9, secret = tokenSecret) => ({
    authorization: `Bearer ${await signedToken({ role, sub, exp }, secret)}`,
  })
  const [reader, often] = [await tokenOf('reader', 'ann'), await tokenOf('reader', 'bob')]
  const get = (key: string, headers: Asked['headers'] = {}, method: Asked['method'] = 'GET') =>
    finished(open(`/${bucket}/${key}`, { method, headers: { ...reader, ...headers } }))

  for (const word of Object.keys(answers)) await get(`${word}-1`)
  for (const method of ['HEAD', 'OPTIONS', 'POST', 'PUT', 'DELETE'] as const) await get('object-1', {}, method)
  for (const word of ['object', 'briefly', 'gone']) {
    for (let time = 0; time < 2; time++) await get(`${word}-1`)
    for (const method of ['GET', 'HEAD'] as const) {
      await get(`${word}-1`, { 'cache-control': 'no-cache' }, method)
      await get(`${word}-1`, { 'cache-control': 'no-store' }, method)
      await get(`${word}-1`, { 'if-none-match': '"1"' }, method)
      await get(`${word}-1`, { 'if-match': '"2"' }, method)
    }
  }
  for (const range of ['bytes=1-2', 'bytes=9-', 'bytes=0-0,2-2']) await get('object-1', { range })
  await get('object-9', { 'cache-control': 'only-if-cached' })
  await get('object-1', { 'x-forwarded-for': '192.0.2.66' })
  await finished(open(`/${bucket}/object-1`, { method: 'GET', headers: reader, body: 'not wanted' }))
  await Promise.all(Array.from({ length: 4 }, () => get('object-2')))
  const strangers = [
    {},
    { authorization: 'Bearer no.token.there' },
    ...[await tokenOf('writer', 'eve'), await tokenOf('reader', 'eve', 1e9)],
    await tokenOf('reader', 'eve', 4e9, 'another secret of at least 32 bytes'),
  ]
  for (const headers of strangers) await finished(open(`/${bucket}/object-1`, { method: 'GET', headers }))
  for (const address of ['192.0.2.1', '192.0.2.2', '192.0.2.3']) {
    const asked = { method: 'GET', headers: { ...often, 'x-forwarded-for': address } } as const
    for (let time = 0; time < 90; time++) await finished(open(`/${bucket}/object-1`, asked))
  }
}

async function finished(opened: ReturnType<Open>): Promise<void> {
  try {
    const { body } = await opened
    for await (const _ of body);
  } catch {
    // Broken off, as some of them are meant to be.
  }
}
