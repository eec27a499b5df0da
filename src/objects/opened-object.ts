import type { OwnAsking } from '../base/trace.ts'
import type { ByteRange } from '../base/types.ts'
import type { ObjectHead } from '../cache/record.ts'

/** Where the first byte of a range comes from: a tier, an origin request that another reader began, or one of this reader's own. */
export type FirstByte = 'tier' | 'joined' | 'asked'

/** An object whose head is known and whose bytes can be read. Its holder calls `release` once, whatever came of it. */
export interface OpenedObject {
  /** `size` is -1 when the origin did not say; then only the whole can be read. */
  readonly head: ObjectHead
  /** Set when one slice is the object and it is already here. Not to be read once the object is released. */
  readonly whole: Uint8Array | undefined
  /** `whole` lies where others wait for its place, and may be overwritten as soon as the object is released. */
  readonly isLent: boolean
  /** Nobody keeps the bytes: they can be read once, in one range. */
  readonly isPassing: boolean
  /** Waits until the first byte of the range is at hand. Rejects with `ObjectChanged` when the origin has another version by now. */
  prepare(range: ByteRange, signal: AbortSignal): Promise<FirstByte>
  /**
   * The bytes of the range; pieces in shared memory are lent until the next one is asked for. Those that its reader's own
   * origin request brings are noted in `own`.
   */
  read(range: ByteRange, signal: AbortSignal, own?: OwnAsking): AsyncIterable<Uint8Array>
  release(): void
}
