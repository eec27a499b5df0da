/** Who may come in, bucket by bucket: keys and their verifiers, address lists, limits. */

import { createAddressRule } from '../access/address-list.ts'
import type { Authenticator } from '../access/authenticator.ts'
import { createAuthorizer, publicAuthorizer } from '../access/authorizer.ts'
import { compileClaimRules } from '../access/claim-rules.ts'
import { createJwks } from '../access/jwks.ts'
import { JwtAuthenticator } from '../access/jwt-authenticator.ts'
import type { KeySet } from '../access/key-set.ts'
import { createStaticKeys } from '../access/static-keys.ts'
import type { Gate, LimitDesk } from '../admin/ports.ts'
import type { Clock } from '../base/clock.ts'
import type { Random } from '../base/random.ts'
import type {
  AccessConfig,
  AdminAccess,
  BucketConfig,
  Config,
  JwtConfig,
  RateLimitingConfig,
  RateLimits,
} from '../config/config.ts'
import { createAddressSet } from '../http/address-set.ts'
import { addressBlock } from '../limits/address-block.ts'
import { createLocalLimiter } from '../limits/local-limiter.ts'
import type { Limit, LimitScope, RateLimiter } from '../limits/rate-limiter.ts'
import { createRedisLimiter } from '../limits/redis-limiter.ts'
import { jwksEvents, limiterEvents } from '../observe/access-events.ts'
import type { KeyAges } from '../observe/key-ages.ts'
import type { LogOutput } from '../observe/logger.ts'
import type { StatusNews } from '../observe/status-board.ts'
import { notingKeys } from '../observe/status-notes.ts'
import type { Admission, RouteLimits } from '../pipeline/admission.ts'
import type { Foundation } from './foundation.ts'
import type { Share } from './shared-parts.ts'

interface AdmissionPorts {
  readonly clock: Clock
  readonly random: Random
  readonly log: LogOutput
  readonly keyAges: KeyAges
  readonly board: StatusNews
}

/** Of equal settings there is one: tokens it has verified are remembered. */
export interface Verifier {
  readonly authenticator: Authenticator
  /** What those take. */
  readonly bytes: number
  close(): Promise<void>
}

type Hold = <P>(share: Share<P>) => P

/** What all buckets share of it: one verifier for equal settings, one limiter for all. */
export class Admissions {
  readonly #config: Config
  readonly #foundation: Foundation
  readonly #hold: Hold
  readonly #verifiers = new Map<JwtConfig, Authenticator>()
  readonly #limiter: RateLimiter | undefined
  readonly #limitsMade: Limit[] = []

  /** `hold`: what is shared with other configurations is let go by whoever let it be taken. */
  constructor(config: Config, foundation: Foundation, hold: Hold) {
    this.#config = config
    this.#foundation = foundation
    this.#hold = hold
    this.#limiter = config.rateLimiting && hold(takeLimiter(config.rateLimiting, foundation))
  }

  of({ name, access, rateLimits }: BucketConfig): Admission {
    return {
      admits: addressRule(access),
      ...this.#protection(access),
      limits: this.#limits(name, rateLimits),
    }
  }

  gate({ jwt, claims: rules }: AdminAccess): Gate {
    return { authenticator: this.#verifier(jwt), rules, check: compileClaimRules(rules) }
  }

  /** Of the limits that buckets were given. */
  get desk(): LimitDesk {
    const chargeOf = (scope: LimitScope, bucket: string, who: string) => {
      const limit = this.#limitsMade.find((one) => one.scope === scope && one.bucket === bucket)
      return limit && { limit, who: scope.endsWith('per_ip') ? addressBlock(who) : who }
    }
    return {
      look: async (scope, bucket, who) => {
        const charge = chargeOf(scope, bucket, who)
        return charge && this.#limiter?.look(charge)
      },
      reset: async (scope, bucket, who) => {
        const charge = chargeOf(scope, bucket, who)
        if (charge !== undefined) await this.#limiter?.reset(charge)
      },
    }
  }

  #protection({ jwt, claims }: AccessConfig): Pick<Admission, 'authenticator' | 'authorizer'> {
    if (jwt === undefined) return { authenticator: undefined, authorizer: publicAuthorizer }
    return { authenticator: this.#verifier(jwt), authorizer: createAuthorizer(compileClaimRules(claims)) }
  }

  #verifier(jwt: JwtConfig): Authenticator {
    const known = this.#verifiers.get(jwt)
    if (known !== undefined) return known
    const shared = this.#foundation.verifiers.take(jwt, () =>
      createVerifier(jwt, this.#config.server.memory.verifierBytes, this.#foundation),
    )
    const { authenticator } = this.#hold(shared)
    this.#verifiers.set(jwt, authenticator)
    return authenticator
  }

  #limits(bucket: string, own: RateLimits): RouteLimits | undefined {
    const { rateLimiting } = this.#config
    if (rateLimiting === undefined || this.#limiter === undefined) return undefined
    const early = [
      ...limit('global', '', rateLimiting.global),
      ...limit('per_ip', '', rateLimiting.perIp),
      ...limit('bucket', bucket, own.global),
      ...limit('bucket_per_ip', bucket, own.perIp),
    ]
    const perUser = [...limit('per_user', '', rateLimiting.perUser), ...limit('bucket_per_user', bucket, own.perUser)]
    if (early.length === 0 && perUser.length === 0) return undefined
    this.#limitsMade.push(...early, ...perUser)
    return { limiter: this.#limiter, early, perUser }
  }
}

function createVerifier(jwt: JwtConfig, rememberedBytes: number, ports: AdmissionPorts): Verifier {
  const keys = createKeys(jwt, ports)
  const [issuer, audience] = [unlessEmpty(jwt.issuer), unlessEmpty(jwt.audience)]
  const authenticator = new JwtAuthenticator({ ...jwt, keys, issuer, audience, rememberedBytes }, ports.clock)
  return {
    authenticator,
    get bytes() {
      return authenticator.bytes
    },
    close: () => keys.close(),
  }
}

function createKeys({ keys }: JwtConfig, { clock, random, log, keyAges, board }: AdmissionPorts): KeySet {
  if (keys.kind === 'static') return createStaticKeys(keys.keys)
  const events = notingKeys(jwksEvents(log.logger, keys.url), board, keys.url)
  return createJwks(keys, { clock, random, events: keyAges.watch(events) })
}

/** Counts go on where limits change; they begin anew where they are kept in another way. */
function takeLimiter(options: RateLimitingConfig, foundation: Foundation): Share<RateLimiter> {
  const { algorithm, windowMs, redis } = options
  const settings = [algorithm, windowMs, redis]
  const local = () => createLocalLimiter({ algorithm, windowMs }, foundation)
  const own = () => createLimiter(options, local(), foundation)
  return foundation.limiters.take(settings, () => foundation.seat.limiter(settings, { own, local }))
}

function limit(scope: LimitScope, bucket: string, rate: RateLimits['global']): readonly Limit[] {
  return rate === undefined ? [] : [{ scope, bucket, rate }]
}

/** A list with nothing in it asks for nothing; to those who verify, it would leave nobody. */
function unlessEmpty(names: readonly string[]): readonly string[] | undefined {
  return names.length === 0 ? undefined : names
}

function addressRule({ ipAllowlist, ipBlocklist }: AccessConfig): Admission['admits'] {
  if (ipAllowlist.length === 0 && ipBlocklist.length === 0) return undefined
  return createAddressRule({ allow: createAddressSet(ipAllowlist), block: createAddressSet(ipBlocklist) })
}

function createLimiter(
  { algorithm, windowMs, redis }: RateLimitingConfig,
  local: RateLimiter,
  { clock, random, log }: AdmissionPorts,
): RateLimiter {
  if (redis === undefined) return local
  return createRedisLimiter(
    { algorithm, windowMs, redis: redis.options, keyPrefix: redis.keyPrefix },
    { clock, random, local, events: limiterEvents(log.logger) },
  )
}
