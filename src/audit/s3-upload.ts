/** Puts files into a bucket. The only file that speaks to S3 for the sake of auditing. */

import { createHash } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { Agent } from 'node:http'
import { Duplex } from 'node:stream'
import type { S3ClientConfig } from '@aws-sdk/client-s3'
import type { CredentialSource } from '../origin/credentials.ts'
import type { S3SinkOptions } from './s3-sink.ts'

export interface S3Upload {
  /** Resolves with how many lines were in the file when all of it is stored. */
  put(key: string, path: string, signal: AbortSignal): Promise<number>
  close(): void
}

type Aws = typeof import('@aws-sdk/client-s3')

const lineBreak = 0x0a

/** Loads the SDK, which takes a moment of the whole process: so at the start, and only for those that use it. */
export async function createUpload(options: S3SinkOptions, credentials: CredentialSource): Promise<S3Upload> {
  const aws = await import('@aws-sdk/client-s3')
  const shared = {
    region: options.region,
    forcePathStyle: options.forcePathStyle,
    ...(options.credentials.kind === 'anonymous' ? { signer: unsigned } : { credentials: () => current(credentials) }),
    maxAttempts: 1, // the sink tries again
    logger: silent, // else the console hears of each failure
    // Ceph and MinIO of some years ago know no checksum trailers. The signature covers a digest of the body anyway.
    requestChecksumCalculation: 'WHEN_REQUIRED',
    responseChecksumValidation: 'WHEN_REQUIRED',
  } as const
  const stage = { credentials: { accessKeyId: 'k', secretAccessKey: 's' }, endpoint: 'http://rehearsal.invalid' }
  await rehearse(uploadWith(aws, { ...shared, ...stage, requestHandler: { httpAgent: new Nowhere() } }, options.bucket))
  const endpoint = options.endpoint === undefined ? {} : { endpoint: options.endpoint }
  return uploadWith(aws, { ...shared, ...endpoint }, options.bucket)
}

function uploadWith(aws: Aws, settings: S3ClientConfig, bucket: string): S3Upload {
  const client = new aws.S3Client(settings)
  return {
    async put(key, path, signal) {
      const { sha256, bytes, lines } = await digest(path, signal)
      const body = createReadStream(path, { end: bytes - 1, signal })
      body.on('error', () => undefined) // the request ends short of its length, and rejects
      const command = new aws.PutObjectCommand({
        Bucket: bucket,
        Key: key,
        Body: body,
        ContentLength: bytes,
        ContentType: 'application/x-ndjson',
      })
      // The SDK leaves streams unsigned unless somebody has worked out their digest already.
      command.middlewareStack.add((next) => (args) => next(withDigest(args, sha256)), { step: 'build' })
      try {
        await client.send(command, { abortSignal: signal })
      } finally {
        body.destroy()
      }
      return lines
    },
    close: () => client.destroy(),
  }
}

/**
 * Puts this very file into nowhere. What the SDK and Node load for their first request would hold up everybody for some
 * milliseconds when the first batch is uploaded.
 */
async function rehearse(upload: S3Upload): Promise<void> {
  await upload.put('rehearsal', import.meta.filename, new AbortController().signal).catch(() => undefined) // nothing is lost
  upload.close()
}

/** Whatever is sent is taken, and answered as S3 answers; nothing leaves the process. */
class Nowhere extends Agent {
  override createConnection(): Duplex {
    const stream = new Duplex({
      read: () => undefined,
      write: (_chunk, _encoding, done) => done(),
    })
    stream.push('HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n')
    return stream
  }
}

const nothing = () => undefined
const silent = { debug: nothing, info: nothing, warn: nothing, error: nothing }
const unsigned = { sign: async <T>(request: T): Promise<T> => request }

async function current(source: CredentialSource) {
  const found = await source.current()
  if (found === undefined) throw new Error('there are no credentials to sign with')
  const { expiresAt, ...credentials } = found
  return expiresAt === undefined ? credentials : { ...credentials, expiration: new Date(expiresAt) }
}

function withDigest<T extends { request: unknown }>(args: T, sha256: string): T {
  const request = args.request as { headers: Record<string, string> } // every request of an HTTP protocol has them
  request.headers['x-amz-content-sha256'] = sha256
  return args
}

async function digest(path: string, signal: AbortSignal) {
  const hash = createHash('sha256')
  let bytes = 0
  let lines = 0
  for await (const chunk of createReadStream(path, { signal }) as AsyncIterable<Buffer>) {
    hash.update(chunk)
    bytes += chunk.byteLength
    for (let at = chunk.indexOf(lineBreak); at !== -1; at = chunk.indexOf(lineBreak, at + 1)) lines += 1
  }
  return { sha256: hash.digest('hex'), bytes, lines }
}
