/**
 * Takes what S3 clients PUT, and fails in the ways S3 does. It checks the digest of the body, which a signature covers,
 * but not the signature: the real server of the suite does.
 */
import { hash } from 'node:crypto'
import { once } from 'node:events'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { TestContext } from 'node:test'

/** `silent`: reads all of it, and says nothing. `cut`: the connection dies in the middle of the body. */
export type UploadMood = 'well' | 'slow-down' | 'denied' | 'silent' | 'cut'

export interface UploadServer {
  readonly endpoint: string
  /** By path: the last body that was taken whole. */
  readonly objects: Map<string, string>
  /** Paths of all requests. */
  readonly attempts: string[]
  mood: UploadMood
  untilAttempts(count: number): Promise<void>
}

export async function startUploadServer(t: TestContext): Promise<UploadServer> {
  const watchers = new Set<() => void>()
  const server = createServer((request, response) => {
    const path = new URL(request.url ?? '', uploads.endpoint).pathname
    uploads.attempts.push(path)
    void answer(uploads, path, request, response).catch(() => response.destroy())
    for (const noticed of watchers) noticed()
    watchers.clear()
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.after(async () => {
    server.closeAllConnections()
    await once(server.close(), 'close')
  })
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('the upload server has no port')
  const uploads: UploadServer = {
    endpoint: `http://127.0.0.1:${address.port}`,
    objects: new Map(),
    attempts: [],
    mood: 'well',
    async untilAttempts(count) {
      while (uploads.attempts.length < count) await new Promise<void>((resolve) => watchers.add(resolve))
    },
  }
  return uploads
}

async function answer(
  uploads: UploadServer,
  path: string,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const { mood } = uploads
  let body = ''
  for await (const chunk of request.setEncoding('utf8')) {
    body += chunk
    if (mood === 'cut') {
      request.socket.destroy()
      return
    }
  }
  if (mood === 'silent') return
  if (request.headers['x-amz-content-sha256'] !== hash('sha256', body)) {
    response.writeHead(400, { 'content-type': 'application/xml' })
    response.end('<Error><Code>XAmzContentSHA256Mismatch</Code></Error>')
    return
  }
  if (mood === 'well') {
    uploads.objects.set(path, body)
    response.setHeader('etag', '"0"').end()
    return
  }
  const [status, code] = mood === 'denied' ? [403, 'InvalidAccessKeyId'] : [503, 'SlowDown']
  response.writeHead(status, { 'content-type': 'application/xml' }).end(`<Error><Code>${code}</Code></Error>`)
}
