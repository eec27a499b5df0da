import type { DiskIndex } from './disk-index.ts'
import { folderCount, folderOf } from './disk-layout.ts'
import type { RecordDigest } from './record-digest.ts'
import type { Turns } from './turns.ts'

/** Files removed at a time; more would take the thread pool from readers. */
const removers = 2

/** While others are being written, no more than this part of the bound is in flight. */
const inFlightShare = 1 / 8

/** Of the bound, what is tried again at a time after the file system had no space for it. */
const regainedShare = 1 / 64

export interface DiskRoomOptions {
  readonly maxBytes: number
  readonly index: DiskIndex
  readonly turns: Turns
  /** Never rejects. */
  readonly removeFile: (digest: RecordDigest) => Promise<void>
}

/**
 * Keeps what lies on the disk within the bound: records, files that are being written, and files of evicted records that
 * are still to be removed. Only an evicted record that is being replaced at the same time comes on top.
 */
export class DiskRoom {
  readonly #maxBytes: number
  readonly #index: DiskIndex
  readonly #turns: Turns
  readonly #removeFile: (digest: RecordDigest) => Promise<void>
  readonly #condemned = new Map<RecordDigest, number>()
  readonly #condemnedInFolder = new Uint32Array(folderCount)
  /** The condemned whose removal was not asked for yet, and some that are condemned no more. */
  readonly #waiting: RecordDigest[] = []
  /** Of the condemned, those whose removal has been asked for. */
  readonly #called = new Set<RecordDigest>()
  #condemnedBytes = 0
  readonly #incoming = new Set<RecordDigest>()
  #reservedBytes = 0
  /** Of the bound, what the file system has not. */
  #missingBytes = 0
  #change = Promise.withResolvers<void>()

  constructor({ maxBytes, index, turns, removeFile }: DiskRoomOptions) {
    this.#maxBytes = maxBytes
    this.#index = index
    this.#turns = turns
    this.#removeFile = removeFile
  }

  get reservedBytes(): number {
    return this.#reservedBytes
  }

  isCondemned(digest: RecordDigest): boolean {
    return this.#condemned.has(digest)
  }

  isFolderBusy(folder: number): boolean {
    return this.#condemnedInFolder[folder] !== 0
  }

  get isEmpty(): boolean {
    return this.#condemned.size === 0
  }

  /** The record left the index: its file goes when its turn comes. One that is being replaced goes by that. */
  condemn(digest: RecordDigest, bytes: number): void {
    if (this.#incoming.has(digest)) return
    this.#condemned.set(digest, bytes)
    this.#condemnedBytes += bytes
    this.#countIn(digest, 1)
    this.#waiting.push(digest)
    this.#callNext()
  }

  /** From now on the caller, whose turn it is, is in charge of the file. */
  takeOver(digest: RecordDigest): void {
    const bytes = this.#condemned.get(digest)
    if (bytes === undefined) return
    this.#condemned.delete(digest)
    this.#countIn(digest, -1)
    this.#called.delete(digest)
    this.#condemnedBytes -= bytes
    this.#changed()
    this.#callNext()
  }

  /** Evicts, and waits for files to go, until so many bytes may be written for a record. `release` when they are entered. */
  async reserve(digest: RecordDigest, bytes: number): Promise<void> {
    this.takeOver(digest)
    this.#incoming.add(digest)
    while (!this.#isFree(bytes)) await this.#change.promise
    this.#reservedBytes += bytes
  }

  release(digest: RecordDigest, bytes: number): void {
    this.#incoming.delete(digest)
    this.#reservedBytes -= bytes
    this.#changed()
  }

  /** A write found no space. What is there becomes the bound, so that whatever comes takes the place of something older. */
  foundNoSpace(): void {
    const held = this.#index.bytes + this.#condemnedBytes
    this.#missingBytes = Math.max(this.#missingBytes, this.#maxBytes - held)
  }

  /** To be called now and then: whoever else filled the file system may have left it. */
  regainSpace(): void {
    this.#missingBytes = Math.max(0, this.#missingBytes - this.#maxBytes * regainedShare)
  }

  /** Resolves when every file condemned so far is gone or taken over. */
  async emptied(): Promise<void> {
    while (this.#condemned.size > 0) await this.#change.promise
  }

  #isFree(bytes: number): boolean {
    const written = this.#reservedBytes
    if (written > 0 && written + bytes > this.#maxBytes * inFlightShare) return false
    this.#index.makeRoom(written + bytes + this.#missingBytes)
    return written + this.#condemnedBytes === 0 || this.#total + bytes <= this.#maxBytes
  }

  get #total(): number {
    return this.#index.bytes + this.#reservedBytes + this.#condemnedBytes + this.#missingBytes
  }

  #callNext(): void {
    while (this.#called.size < removers) {
      const digest = this.#waiting.pop()
      if (digest === undefined) return
      if (!this.#condemned.has(digest) || this.#called.has(digest)) continue
      this.#called.add(digest)
      void this.#remove(digest) // never rejects
    }
  }

  #countIn(digest: RecordDigest, change: 1 | -1): void {
    const folder = folderOf(digest)
    this.#condemnedInFolder[folder] = (this.#condemnedInFolder[folder] as number) + change
  }

  async #remove(digest: RecordDigest): Promise<void> {
    await this.#turns.take(digest, async () => {
      if (!this.#called.has(digest)) return
      await this.#removeFile(digest)
      this.takeOver(digest)
    })
  }

  #changed(): void {
    const { resolve } = this.#change
    this.#change = Promise.withResolvers()
    resolve()
  }
}
