/** Who signs: fixed keys, nobody, or the AWS default chain, refreshed ahead of expiry. */

import type { Clock } from '../base/clock.ts'
import { ProxyError } from '../base/errors.ts'
import type { EpochMs } from '../base/types.ts'

export interface Credentials {
  readonly accessKeyId: string
  readonly secretAccessKey: string
  readonly sessionToken?: string
  /** Absent: they do not expire. */
  readonly expiresAt?: EpochMs
}

export interface CredentialSource {
  /** Undefined: requests go unsigned. Rejects with a ProxyError when there are none to be had. A promise only where they are not at hand. */
  current(): Credentials | undefined | Promise<Credentials>
}

export type CredentialProvider = () => Promise<Credentials>

export type CredentialOptions =
  | {
      readonly kind: 'static'
      readonly accessKeyId: string
      readonly secretAccessKey: string
      readonly sessionToken?: string
    }
  | { readonly kind: 'anonymous' }
  | { readonly kind: 'default-chain' }

/** As early as AWS hands out successors of instance credentials. */
const refreshAheadMs = 5 * 60_000
/** Between attempts while the credentials at hand still work. */
const attemptEveryMs = 10_000

export function createCredentialSource(options: CredentialOptions, region: string, clock: Clock): CredentialSource {
  switch (options.kind) {
    case 'anonymous':
      return { current: () => undefined }
    case 'static':
      return { current: () => options }
    case 'default-chain':
      return refreshedCredentials(awsDefaultChain(region), clock)
  }
}

/**
 * One ask of the provider at a time, whoever waits. From five minutes before expiry the successors are asked for in the
 * background while the old ones go on being used; a failure then is no failure as long as these are valid.
 */
export function refreshedCredentials(provide: CredentialProvider, clock: Clock): CredentialSource {
  let held: Credentials | undefined
  let refresh: Promise<Credentials> | undefined
  let attemptedAtMs = Number.NEGATIVE_INFINITY

  function startRefresh(): Promise<Credentials> {
    attemptedAtMs = clock.monotonicMs()
    refresh = provide()
      .then((fresh) => {
        held = fresh
        return fresh
      })
      .finally(() => {
        refresh = undefined
      })
    return refresh
  }

  async function awaited(): Promise<Credentials> {
    try {
      return await (refresh ?? startRefresh())
    } catch (cause) {
      throw new ProxyError('OriginCredentials', 'no credentials found for the origin', { cause })
    }
  }

  const leftMs = (credentials: Credentials) =>
    credentials.expiresAt === undefined ? Number.POSITIVE_INFINITY : credentials.expiresAt - clock.now()

  return {
    current() {
      if (held === undefined || leftMs(held) <= 0) return awaited()
      const isTime = leftMs(held) <= refreshAheadMs && clock.monotonicMs() - attemptedAtMs >= attemptEveryMs
      // The next attempt comes by itself; should they all fail, the expiry tells.
      if (isTime && refresh === undefined) startRefresh().catch(() => undefined)
      return held
    },
  }
}

/** Environment, shared files, web identity, container and instance metadata. The package is loaded at the first use. */
function awsDefaultChain(region: string): CredentialProvider {
  type Chain = ReturnType<typeof import('@aws-sdk/credential-provider-node').defaultProvider>
  let chain: Promise<Chain> | undefined
  return async () => {
    chain ??= import('@aws-sdk/credential-provider-node').then((aws) =>
      aws.defaultProvider({ clientConfig: { region } }),
    )
    // Without forceRefresh the chain would answer from a memory of its own.
    const found = await (await chain)({ forceRefresh: true })
    return {
      accessKeyId: found.accessKeyId,
      secretAccessKey: found.secretAccessKey,
      ...(found.sessionToken === undefined ? {} : { sessionToken: found.sessionToken }),
      ...(found.expiration === undefined ? {} : { expiresAt: found.expiration.getTime() as EpochMs }),
    }
  }
}
