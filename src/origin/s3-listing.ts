/** The objects of an S3 bucket by prefix, page by page, with the SDK's client: nothing here is on the way of a request. */

import type { LookupFunction } from 'node:net'
import type { ListObjectsV2CommandOutput, S3Client, S3ClientConfig } from '@aws-sdk/client-s3'
import type { Clock } from '../base/clock.ts'
import { ProxyError } from '../base/errors.ts'
import { type CredentialOptions, type CredentialSource, createCredentialSource } from './credentials.ts'
import { amazonEndpoint, locateBucket } from './s3-address.ts'
import { meaningOf } from './s3-error.ts'

export interface S3ListingOptions {
  readonly bucket: string
  readonly region: string
  /** Absent: Amazon's own, by region. */
  readonly endpoint?: string
  readonly credentials: CredentialOptions
  readonly forcePathStyle: boolean
  /** For connecting, and for each further sign of the answer; each attempt anew. */
  readonly timeoutMs: number
}

export interface S3ListingPorts {
  readonly clock: Clock
  /** How host names are looked up; absent: as the system does. */
  readonly lookup?: LookupFunction
}

export interface ListedObject {
  /** Decoded, as in `ObjectRef`. */
  readonly key: string
  readonly size: number
}

export interface S3Listing {
  /**
   * In the order S3 keeps them. The next page is asked for when the last one has been read. Rejects with a ProxyError of
   * source 'origin', or with the signal's reason. Keys that are not UTF-8 are left out: no request can name them.
   */
  list(prefix: string, signal: AbortSignal): AsyncIterable<ListedObject>
  close(): Promise<void>
}

/** The first one included. */
const maxAttempts = 3

/** The SDK is loaded at the first use: it takes longer to load than all of the proxy. */
export function createS3Listing(options: S3ListingOptions, ports: S3ListingPorts): S3Listing {
  let connected: Promise<Connected> | undefined

  async function pageOf(prefix: string, token: string | undefined, signal: AbortSignal): Promise<Page> {
    connected ??= connect(options, ports)
    const { client, command } = await connected
    try {
      return await client.send(command(prefix, token), { abortSignal: signal })
    } catch (error) {
      signal.throwIfAborted() // the SDK says AbortError; whoever called it off knows the reason
      throw failureOf(error)
    }
  }

  return {
    async *list(prefix, signal) {
      let token: string | undefined
      do {
        signal.throwIfAborted()
        const page = await pageOf(prefix, token, signal)
        yield* objectsOf(page)
        token = nextToken(page, token)
      } while (token !== undefined)
    },
    async close() {
      const settled = await connected?.catch(() => undefined) // what failed to load holds nothing
      settled?.client.destroy()
    },
  }
}

type Page = ListObjectsV2CommandOutput

interface Connected {
  readonly client: S3Client
  command(
    prefix: string,
    token: string | undefined,
  ): InstanceType<typeof import('@aws-sdk/client-s3').ListObjectsV2Command>
}

async function connect(options: S3ListingOptions, ports: S3ListingPorts): Promise<Connected> {
  const { ListObjectsV2Command, S3Client } = await import('@aws-sdk/client-s3')
  const client = new S3Client(clientConfig(options, ports))
  return {
    client,
    command: (prefix, token) =>
      new ListObjectsV2Command({
        Bucket: options.bucket,
        Prefix: prefix,
        // XML 1.0 has no place for most control characters, and S3 keys may hold them.
        EncodingType: 'url',
        ...(token !== undefined && { ContinuationToken: token }),
      }),
  }
}

function clientConfig(options: S3ListingOptions, { clock, lookup }: S3ListingPorts): S3ClientConfig {
  const { region, timeoutMs } = options
  const source = createCredentialSource(options.credentials, region, clock)
  const agent = lookup === undefined ? {} : { lookup }
  // Named even where it is Amazon's own, or the environment might name another one than the objects come from.
  const endpoint = options.endpoint ?? amazonEndpoint(region)
  const isUnsigned = options.credentials.kind === 'anonymous'
  return {
    region,
    endpoint,
    forcePathStyle: locateBucket(options).host === new URL(endpoint).host,
    useDualstackEndpoint: false,
    useFipsEndpoint: false,
    retryMode: 'standard',
    maxAttempts,
    requestHandler: {
      connectionTimeout: timeoutMs,
      socketTimeout: timeoutMs,
      httpAgent: agent,
      httpsAgent: agent,
    },
    credentials: isUnsigned ? async () => nobody : () => identityFrom(source),
    ...(isUnsigned && { signer: { sign: async (request) => request } }),
  }
}

const nobody = { accessKeyId: '', secretAccessKey: '' }

async function identityFrom(source: CredentialSource) {
  const current = await source.current()
  if (current === undefined) return nobody
  const { expiresAt, ...identity } = current
  return expiresAt === undefined ? identity : { ...identity, expiration: new Date(expiresAt) }
}

function* objectsOf({ Contents = [], EncodingType }: Page): Generator<ListedObject> {
  for (const { Key, Size } of Contents) {
    const key = EncodingType === 'url' ? decodedKey(Key) : Key
    if (key !== undefined) yield { key, size: Size ?? 0 }
  }
}

/** S3 writes a space as `+`, and a plus sign as `%2B`. */
function decodedKey(text = ''): string | undefined {
  try {
    return decodeURIComponent(text.replaceAll('+', ' '))
  } catch {
    return undefined // not UTF-8
  }
}

function nextToken({ IsTruncated, NextContinuationToken }: Page, token: string | undefined): string | undefined {
  if (IsTruncated !== true) return undefined
  if (NextContinuationToken === undefined || NextContinuationToken === token) {
    throw new ProxyError('OriginMalformed', 'the listing goes on, and does not say where')
  }
  return NextContinuationToken
}

/** What the SDK threw, in the words of this house. */
function failureOf(error: unknown): Error {
  if (error instanceof ProxyError || !(error instanceof Error)) return error as Error
  const status = statusOf(error)
  if (status === undefined) return new ProxyError(...connectionFailure(error), { cause: error })
  if (status < 300) return new ProxyError('OriginMalformed', 'the listing cannot be understood', { cause: error })
  // The SDK calls an answer without a code `Unknown` or `UnknownError`.
  const code = /^Unknown/.test(error.name) ? {} : { code: error.name }
  const told = `the origin answered ${status} ${code.code ?? 'without a code'} to a listing`
  return new ProxyError(meaningOf({ status, ...code }, []), told, { cause: error })
}

function statusOf(error: Error): number | undefined {
  const metadata = '$metadata' in error ? (error.$metadata as { readonly httpStatusCode?: number }) : {}
  return metadata.httpStatusCode
}

function connectionFailure(error: Error): [code: 'OriginTimeout' | 'OriginUnreachable', told: string] {
  const code = 'code' in error && typeof error.code === 'string' ? error.code : error.name
  const isLate = error.name === 'TimeoutError' || code === 'ETIMEDOUT'
  return isLate
    ? ['OriginTimeout', `the listing did not come in time (${code})`]
    : ['OriginUnreachable', `the listing could not be asked for (${code})`]
}
