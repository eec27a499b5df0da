/** The other threads of the process, as whoever opens objects on this one sees them: what one of them asks of the origin serves all. */

import type { ErrorCode, ProxyErrorOptions } from '../base/errors.ts'
import type { EpochMs, RecordId } from '../base/types.ts'
import type { ObjectHead } from '../cache/record.ts'

export interface Peers extends HeadPeers, SlicePeers {}

/** An answer that is wanted of the origin. */
export interface HeadQuestion {
  readonly method: 'GET' | 'HEAD'
  readonly id: RecordId
  readonly originFingerprint: string
  /** What the origin was asked since then will do. */
  readonly startedAt: EpochMs
  /** The store was looked at since this was answered with 'look'. */
  readonly hasLooked: boolean
}

/** What came of an exchange, for those who waited for it on other threads. */
export type Outcome =
  /** What of it is to be kept is in the store, if anything. */
  | { readonly kind: 'look' }
  /** The object is not there, and its absence is not stored. */
  | { readonly kind: 'missing'; readonly head: ObjectHead }
  /** The answer was for one reader only. `why`: it is likely to be so again. */
  | { readonly kind: 'alone'; readonly why?: string }
  | { readonly kind: 'failed'; readonly failure: OriginFailure }

/** A `ProxyError` of source 'origin', as it goes from thread to thread. */
export interface OriginFailure {
  readonly code: ErrorCode
  readonly message: string
  readonly options: Pick<ProxyErrorOptions, 'retryAfterSeconds' | 'detail' | 'timeout'>
}

export type Claimed =
  /** Nobody else asks the origin until it is given back: exactly once, when the store has the answer. */
  { readonly kind: 'mine'; giveBack(outcome: Outcome): void } | Outcome

export interface HeadPeers {
  /**
   * Whoever comes second waits for what came of the first one's exchange. After `waitMs`, or when the signal fires, or where
   * nobody can be asked, it is 'mine' all the same: nothing is worse for a claim. Never rejects.
   */
  claim(question: HeadQuestion, waitMs: number, signal: AbortSignal): Promise<Claimed>
}

/** What another thread's runs have of a slice. */
export type Elsewhere =
  | { readonly kind: 'bytes'; readonly bytes: Uint8Array }
  /** A run has to be started here. */
  | {
      readonly kind: 'none'
      /** With this slice it should end, at most: a run of another thread goes on from there. */
      readonly last: number
      /** Another thread has run this version: since the store was looked at, it may have stored the slice. */
      readonly wasRunning: boolean
      /** The run has been started, or will not be: others are kept waiting until then. Once. */
      settle(): void
    }

/** One reader of one version of an object. It keeps the runs alive on other threads that it had slices of. */
export interface PeerReader {
  /** Slices up to `last` will be wanted after this one. Rejects with the signal's reason, and in no other case. */
  slice(index: number, last: number, signal: AbortSignal): Promise<Elsewhere>
  release(): void
}

/** `version`: see `versionName`. */
export interface SlicePeers {
  reader(version: string): PeerReader
  /** A run of this thread begins at slice `first`, and one has ended: as often. */
  runBegan(version: string, first: number): void
  runEnded(version: string): void
}
