/** What the hub and the threads ask each other for, so that one origin request serves all threads. */

import type { HeadQuestion, Outcome } from '../objects/peers.ts'

/** `number`: of the claim, told apart by the thread that makes it. */
export type ClaimQuestion = HeadQuestion & { readonly number: number }

export type ClaimReply = { readonly kind: 'mine' } | Outcome

export interface SliceQuestion {
  /** Told apart by the thread that asks. */
  readonly reader: number
  readonly version: string
  readonly index: number
  /** Slices up to this one will be wanted after it. */
  readonly last: number
}

export type SliceReply =
  | { readonly kind: 'bytes'; readonly bytes: Uint8Array }
  /** `last`, `wasRunning`: as in `Elsewhere`. */
  | { readonly kind: 'none'; readonly last: number; readonly wasRunning: boolean }

/** What the hub does for a thread. */
export type PeerHubCalls = {
  claimHead(question: ClaimQuestion): Promise<ClaimReply>
  /** Of a claim that is still waited for as well: it is not wanted any more. */
  giveBackHead(returned: { readonly number: number; readonly outcome: Outcome }): void
  /** 'none': from now on this thread is one of those that run the version, until it tells that none of its runs is left. */
  askSlice(question: SliceQuestion): Promise<SliceReply>
  readerLeft(reader: number): void
  runBegan(run: { readonly version: string; readonly first: number }): void
  runsEnded(version: string): void
}

/** What a thread does for the others. */
export type PeerCalls = {
  lendSlice(question: SliceQuestion & { readonly thread: number }): Promise<SliceReply>
  foreignReaderLeft(reader: { readonly thread: number; readonly reader: number }): void
  foreignThreadLeft(thread: number): void
  foreignRunBegan(run: { readonly version: string; readonly first: number }): void
}
