import { type Files, systemFiles } from '../../src/cache/files.ts'
import type { Barrier } from './barrier.ts'

/** The system's files with faults put in front of them, which may be set and taken back at any time. */
export class FaultyFiles implements Files {
  /** The error code with which calls of that name fail, without taking effect. */
  readonly failures = new Map<keyof Files, string>()
  /** Calls of that name wait here, before they take effect. */
  readonly holds = new Map<keyof Files, Barrier>()
  /** Calls of that name wait here when they have taken effect. */
  readonly lateHolds = new Map<keyof Files, Barrier>()
  readsAtOnce = 0
  /** How often something was brought to the disk. */
  synced = 0
  duringReadAtOnce = () => {}
  /** Descriptors that are open. */
  readonly opened = new Set<number>()

  async open(path: string, purpose: 'read' | 'write' | 'append'): Promise<number> {
    const fd = await this.#suffer('open', () => systemFiles.open(path, purpose))
    this.opened.add(fd)
    return fd
  }
  read(fd: number, buffers: readonly Uint8Array[]): Promise<number> {
    return this.#suffer('read', () => systemFiles.read(fd, buffers))
  }
  readNow(fd: number, buffers: readonly Uint8Array[]): number {
    this.readsAtOnce += 1
    this.duringReadAtOnce()
    this.#fail('read')
    return systemFiles.readNow(fd, buffers)
  }
  write(fd: number, buffers: readonly Uint8Array[]): Promise<void> {
    return this.#suffer('write', () => systemFiles.write(fd, buffers))
  }
  async sync(fd: number): Promise<void> {
    await this.#suffer('sync', () => systemFiles.sync(fd))
    this.synced += 1
  }
  size(fd: number): Promise<number> {
    return this.#suffer('size', () => systemFiles.size(fd))
  }
  close(fd: number): Promise<void> {
    this.opened.delete(fd)
    return this.#suffer('close', () => systemFiles.close(fd))
  }
  rename(from: string, to: string): Promise<void> {
    return this.#suffer('rename', () => systemFiles.rename(from, to))
  }
  unlink(path: string): Promise<void> {
    return this.#suffer('unlink', () => systemFiles.unlink(path))
  }
  makeFolder(path: string): Promise<void> {
    return this.#suffer('makeFolder', () => systemFiles.makeFolder(path))
  }
  removeFolder(path: string): Promise<void> {
    return this.#suffer('removeFolder', () => systemFiles.removeFolder(path))
  }

  async #suffer<T>(operation: keyof Files, act: () => Promise<T>): Promise<T> {
    await this.holds.get(operation)?.arrive()
    this.#fail(operation)
    const answer = await act()
    await this.lateHolds.get(operation)?.arrive()
    return answer
  }

  #fail(operation: keyof Files): void {
    const code = this.failures.get(operation)
    if (code !== undefined) throw Object.assign(new Error(`${operation} fails on purpose`), { code })
  }
}
