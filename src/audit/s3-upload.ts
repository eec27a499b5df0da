/** Puts files into a bucket. The only file that speaks to S3 for the sake of auditing. */

import { createHash } from 'node:crypto'
import { createReadStream } from 'node:fs'
import type { PutObjectCommand, S3Client } from '@aws-sdk/client-s3'
import type { CredentialSource } from '../origin/credentials.ts'
import type { S3SinkOptions } from './s3-sink.ts'

export interface S3Upload {
  /** Resolves with how many lines were in the file when all of it is stored. */
  put(key: string, path: string, signal: AbortSignal): Promise<number>
  close(): void
}

const lineBreak = 0x0a

/** Loads the SDK, which takes a moment of the whole process: so at the start, and only for those that use it. */
export async function createUpload(options: S3SinkOptions, credentials: CredentialSource): Promise<S3Upload> {
  const aws = await import('@aws-sdk/client-s3')
  const client = new aws.S3Client({
    region: options.region,
    forcePathStyle: options.forcePathStyle,
    ...(options.endpoint === undefined ? {} : { endpoint: options.endpoint }),
    ...(options.credentials.kind === 'anonymous' ? { signer: unsigned } : { credentials: () => current(credentials) }),
    maxAttempts: 1, // the sink tries again
    logger: silent, // else the console hears of each failure
    // Ceph and MinIO of some years ago know no checksum trailers. The signature covers a digest of the body anyway.
    requestChecksumCalculation: 'WHEN_REQUIRED',
    responseChecksumValidation: 'WHEN_REQUIRED',
  })
  await rehearse(client, new aws.PutObjectCommand({ Bucket: options.bucket, Key: 'rehearsal', Body: '' }))
  return {
    async put(key, path, signal) {
      const { sha256, bytes, lines } = await digest(path, signal)
      const body = createReadStream(path, { end: bytes - 1, signal })
      body.on('error', () => undefined) // the request ends short of its length, and rejects
      const command = new aws.PutObjectCommand({
        Bucket: options.bucket,
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
 * Goes through a request without sending it. The SDK loads many of its parts with the first one, which would hold up
 * everybody for 18 ms when the first batch is uploaded.
 */
async function rehearse(client: S3Client, command: PutObjectCommand): Promise<void> {
  const unsent = async () => ({ response: {}, output: { $metadata: {} } })
  command.middlewareStack.add(() => unsent, { step: 'deserialize', priority: 'high' })
  await client.send(command).catch(() => undefined) // retried: what is wrong shows when it matters
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
