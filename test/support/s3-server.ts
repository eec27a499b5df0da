/**
 * The real S3 server of the suite. `test/run.ts` starts one for the whole run and tells it by environment, as does
 * whoever brings their own; a test file run alone starts one for itself.
 */
import { randomUUID } from 'node:crypto'
import { after } from 'node:test'
import { CreateBucketCommand, PutObjectCommand, type PutObjectCommandInput, S3Client } from '@aws-sdk/client-s3'
import { ensurePrograms } from './packages.ts'
import { type Rgw, startRgw } from './rgw.ts'
import { type S3Address, s3FromEnvironment } from './s3-address.ts'

let started: Promise<Rgw> | undefined
let connected: Promise<S3Server> | undefined
after(async () => {
  const server = await connected?.catch(() => undefined)
  server?.client.destroy()
  await (await started?.catch(() => undefined))?.close()
})

/** The same server for every test of a file; it is stopped when the file is through. */
export function startS3(): Promise<S3Server> {
  connected ??= connect()
  return connected
}

async function connect(): Promise<S3Server> {
  return new S3Server(s3FromEnvironment(process.env) ?? (await startOwn()))
}

async function startOwn(): Promise<S3Address> {
  await ensurePrograms('s3')
  started = startRgw()
  return await started
}

export class S3Server {
  readonly endpoint: string
  readonly region: string
  readonly accessKeyId: string
  readonly secretAccessKey: string
  readonly client: S3Client
  readonly #address: S3Address

  constructor(address: S3Address) {
    this.endpoint = address.endpoint
    this.region = address.region
    this.accessKeyId = address.accessKeyId
    this.secretAccessKey = address.secretAccessKey
    this.#address = address
    this.client = new S3Client({
      endpoint: address.endpoint,
      region: address.region,
      forcePathStyle: true,
      credentials: { accessKeyId: address.accessKeyId, secretAccessKey: address.secretAccessKey },
    })
  }

  get altAccessKeyId(): string {
    return this.#address.altAccessKeyId ?? missingAlt()
  }
  get altSecretAccessKey(): string {
    return this.#address.altSecretAccessKey ?? missingAlt()
  }

  /** Creates an empty bucket for the caller alone; returns its name. */
  async bucket(): Promise<string> {
    const name = `test-${randomUUID()}`
    await this.client.send(new CreateBucketCommand({ Bucket: name }))
    return name
  }

  /** Stores an object and returns its ETag, quotes included. */
  async put(
    bucket: string,
    key: string,
    body: Uint8Array | string,
    extra: Partial<PutObjectCommandInput> = {},
  ): Promise<string> {
    const stored = await this.client.send(new PutObjectCommand({ ...extra, Bucket: bucket, Key: key, Body: body }))
    if (stored.ETag === undefined) throw new Error(`the S3 server gave ${key} no ETag`)
    return stored.ETag
  }
}

function missingAlt(): never {
  throw new Error('this test needs a second S3 user: set S3_TEST_ALT_ACCESS_KEY and S3_TEST_ALT_SECRET_KEY')
}
