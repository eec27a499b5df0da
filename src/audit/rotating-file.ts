/** Which lines have their place in the live file, when it becomes a backup, and when backups are removed. */

import { dirname, join } from 'node:path'
import type { Clock } from '../base/clock.ts'
import type { AuditLine } from './audit-sink.ts'
import { listBackups, nextBackupName, outdated } from './backups.ts'
import type { FileSinkOptions } from './file-sink.ts'
import { type FileSystem, LiveFile } from './live-file.ts'

export interface RotatingFilePorts {
  readonly clock: Clock
  readonly files: FileSystem
  /** Backups could not be removed, which is no reason not to write. */
  readonly pruneFailed: (error: unknown) => void
}

export const dayMs = 86_400_000

/** Its methods are for one caller at a time, and reject when the file system refuses; what was asked may be asked again. */
export class RotatingFile {
  readonly #options: FileSinkOptions
  readonly #ports: RotatingFilePorts
  readonly #live: LiveFile
  /** Bytes of the next line that are in the file already. */
  #begunBytes = 0
  /** The day of the first line in the file, or of the newest that was there before; undefined while it has none. */
  #day: number | undefined

  constructor(options: FileSinkOptions, ports: RotatingFilePorts) {
    this.#options = options
    this.#ports = ports
    this.#live = new LiveFile(options.path, ports.files)
  }

  /** Opens it, and removes backups that are not to be kept. */
  async open(): Promise<void> {
    await this.#attach()
    await this.#prune()
  }

  close(): Promise<void> {
    return this.#live.close()
  }

  /**
   * Writes the first of the lines, and as many more as the file takes; resolves with how many are now in it. The others
   * are to come first next time: one that a full disk took a part of goes on there, unless somebody took the file away
   * meanwhile. Then the new one gets it whole.
   */
  async append(lines: readonly AuditLine[]): Promise<number> {
    await this.#attach()
    const [first] = lines
    if (first === undefined) return 0
    if (this.#begunBytes === 0 && !this.#belongs(first, this.#live.bytes)) await this.#rotate()
    this.#day ??= dayOf(first.at)
    const fitting = this.#fitting(lines)
    const bytes = Buffer.from(fitting.map(({ text }) => `${text}\n`).join(''))
    const written = await this.#live.write(bytes.subarray(this.#begunBytes))
    return this.#settle(fitting, written)
  }

  /** At midnight: a day without requests ends too, and backups grow old in it. */
  async beginDay(): Promise<void> {
    await this.#attach()
    const today = dayOf(this.#ports.clock.now())
    const hasEnded = this.#live.bytes > 0 && (this.#day ?? today) < today
    if (this.#options.rotation === 'daily' && hasEnded) await this.#rotate()
    else await this.#prune()
  }

  async #attach(): Promise<void> {
    const { isSame, changedAtMs } = await this.#live.attach()
    if (isSame) return
    this.#begunBytes = 0
    this.#day = changedAtMs === undefined ? undefined : dayOf(changedAtMs)
  }

  /** Whether a line has its place in the file when that has so many bytes. An empty file takes any. */
  #belongs(line: AuditLine, bytes: number): boolean {
    const { maxFileBytes, rotation } = this.#options
    if (bytes === 0) return true
    if (bytes + line.bytes > maxFileBytes) return false
    return rotation === 'size' || this.#day === undefined || dayOf(line.at) <= this.#day
  }

  #fitting(lines: readonly AuditLine[]): readonly AuditLine[] {
    let bytes = this.#live.bytes - this.#begunBytes
    const end = lines.findIndex((line, index) => {
      const isBeyond = index > 0 && !this.#belongs(line, bytes)
      bytes += line.bytes
      return isBeyond
    })
    return end === -1 ? lines : lines.slice(0, end)
  }

  /** How many lines are whole with so many bytes more. */
  #settle(lines: readonly AuditLine[], written: number): number {
    let landed = this.#begunBytes + written
    let count = 0
    for (const { bytes } of lines) {
      if (bytes > landed) break
      landed -= bytes
      count += 1
    }
    this.#begunBytes = landed
    return count
  }

  async #rotate(): Promise<void> {
    const { path } = this.#options
    const { clock, files } = this.#ports
    const backups = await listBackups(path, files.readdir)
    await this.#live.moveTo(join(dirname(path), nextBackupName(path, clock.now(), backups)))
    await this.open()
  }

  async #prune(): Promise<void> {
    const { path } = this.#options
    const { clock, files, pruneFailed } = this.#ports
    try {
      const backups = await listBackups(path, files.readdir)
      for (const { name } of outdated(backups, this.#options, clock.now()))
        await files.unlink(join(dirname(path), name))
    } catch (error) {
      pruneFailed(error) // retried: with the next rotation
    }
  }
}

/** Days since 1970, UTC. */
function dayOf(ms: number): number {
  return Math.floor(ms / dayMs)
}
