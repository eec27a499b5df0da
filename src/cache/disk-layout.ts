/** Where everything lies below the cache folder. */

import { join } from 'node:path'
import type { RecordDigest } from './record-digest.ts'

/** Files are spread over folders by the first three hex digits of their names: 244 in each at a million. */
export const folderBits = 12
export const folderCount = 2 ** folderBits
const folderDigits = folderBits / 4

export function folderOf(digest: RecordDigest): number {
  return Number.parseInt(digest.slice(0, folderDigits), 16)
}

export function nameOfFolder(folder: number): string {
  return folder.toString(16).padStart(folderDigits, '0')
}

export function isNameOfFolder(name: string): boolean {
  return /^[0-9a-f]{3}$/.test(name)
}

export class DiskLayout {
  readonly root: string
  /** Any one of them keeps others off. */
  readonly locks: readonly string[]
  readonly snapshot: string
  /** Holds the name of the snapshot that says all; there only between a clean stop and the next start. */
  readonly cleanStop: string
  /** What was ordered to be forgotten. */
  readonly purges: string
  readonly temporary: string
  readonly records: string

  constructor(root: string) {
    this.root = root
    this.locks = [join(root, 'lock'), join(root, 'lock-too')]
    this.snapshot = join(root, 'index')
    this.cleanStop = join(root, 'clean-stop')
    this.purges = join(root, 'purges')
    this.temporary = join(root, 'tmp')
    this.records = join(root, 'records')
  }

  folder(folder: number): string {
    return `${this.records}/${nameOfFolder(folder)}`
  }

  /** Not by `join`, which costs more than all else that goes before a read. */
  file(digest: RecordDigest): string {
    return `${this.records}/${digest.slice(0, folderDigits)}/${digest}`
  }
}
