/** How often somebody may ask. */

/** Whose requests are counted together; `rate_limited_total` tells them apart. */
export type LimitScope = 'global' | 'per_ip' | 'per_user' | 'bucket' | 'bucket_per_ip' | 'bucket_per_user'

export interface Rate {
  /** Over 0; may be a fraction. */
  readonly requestsPerSecond: number
  /** How many may come at once after a quiet time; 1 at least. */
  readonly burst: number
}

/** One count a request is charged to: made once per configuration. */
export interface Limit {
  readonly scope: LimitScope
  /** The bucket's name where the limit is a bucket's own; empty for the proxy's. */
  readonly bucket: string
  readonly rate: Rate
}

export interface Charge {
  readonly limit: Limit
  /** Who is charged: an address as `addressBlock` cuts it, a user's name, of any length; empty where everybody is. */
  readonly who: string
}

export type Verdict =
  | { readonly kind: 'allowed' }
  /** Told of the limit that makes the client wait longest. */
  | {
      readonly kind: 'limited'
      readonly scope: LimitScope
      /** For RateLimit-Limit: how many may come at once. */
      readonly limit: number
      readonly remaining: number
      /** Whole seconds until all of the limit is there again, and until the next request has a chance; 1 at least. */
      readonly resetSeconds: number
      readonly retryAfterSeconds: number
    }

export interface Standing {
  readonly limit: number
  /** Requests that would be let through now; a whole number. */
  readonly remaining: number
  /** Whole seconds until all of it is there again; 0: it is. */
  readonly resetSeconds: number
}

export interface RateLimiter {
  /** Charges one request to all of them, or to none where one has nothing left. Never rejects. */
  charge(charges: readonly Charge[]): Verdict | Promise<Verdict>
  /** How a count stands, without charging it. Never rejects. */
  look(charge: Charge): Promise<Standing>
  /** Gives all of it back. Never rejects. */
  reset(charge: Charge): Promise<void>
  /** What its counts take in this process. */
  readonly bytes: number
  close(): Promise<void>
}
