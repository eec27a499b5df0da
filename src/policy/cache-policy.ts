/** How one bucket wants its objects kept: the `cache` settings after inheritance, in milliseconds and bytes. */
export interface CachePolicy {
  readonly enabled: boolean
  /** For answers without freshness of their own. 0: no expiry. 'origin': only what the origin says, with RFC 9111 §4.2.2's heuristic. */
  readonly ttlMs: number | 'origin'
  /** For a remembered absence. */
  readonly negativeTtlMs: number
  readonly staleWhileRevalidateMs: number
  readonly staleIfErrorMs: number
  /** False: the origin's freshness is ignored (never its no-store or private). */
  readonly respectOrigin: boolean
  readonly requestDirectives: 'honour' | 'ignore'
  /** 'always': every hit is confirmed with the origin first. */
  readonly revalidate: 'ttl' | 'always'
  /** Larger objects are not cached in any tier. Infinity: no bound. */
  readonly maxObjectBytes: number
  readonly sliceBytes: number
}
