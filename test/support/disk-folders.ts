/** Disk tiers for tests, in folders that go with the test. */
import { readdirSync, statSync, utimesSync } from 'node:fs'
import { cp, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import type { TestContext } from 'node:test'
import { setImmediate as turn } from 'node:timers/promises'
import type { RecordId } from '../../src/base/types.ts'
import { DiskLayout } from '../../src/cache/disk-layout.ts'
import { type DiskTier, type DiskTierOptions, type DiskTierPorts, openDiskTier } from '../../src/cache/disk-tier.ts'
import type { Purge } from '../../src/cache/purge.ts'
import { digestOf } from '../../src/cache/record-digest.ts'
import { FakeClock } from './fake-clock.ts'
import { TierEventLog } from './tier-event-log.ts'

export const KiB = 1024
export const MiB = 1024 * KiB

export async function makeFolder(t: Pick<TestContext, 'after'>): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'yatagarasu-disk-'))
  t.after(async () => {
    // Hooks run in the order of their registration: somebody may be writing there still.
    const options = { recursive: true, force: true, maxRetries: 10, retryDelay: 50 }
    for (const path of [folder, `${folder}-crashed`]) await rm(path, options)
  })
  return folder
}

export type OpenedTier = DiskTier & {
  readonly events: TierEventLog
  readonly clock: FakeClock
  /** What it remembered, in this order. */
  readonly remembered: readonly Purge[]
}

export interface Openings
  extends Partial<Omit<DiskTierOptions, 'folder'>>,
    Partial<Omit<DiskTierPorts, 'events' | 'purges'>> {}

/** Opens a tier of 16 MiB on a clock that stands, or as told. */
export async function openTier(folder: string, openings: Openings = {}): Promise<OpenedTier> {
  const { clock = new FakeClock(), files, maxBytes = 16 * MiB, uselessAfter = () => undefined } = openings
  const events = new TierEventLog()
  const remembered: Purge[] = []
  const purges = { remembered: (purge: Purge) => void remembered.push(purge) }
  const ports = { clock, events, purges, ...(files === undefined ? {} : { files }) }
  const tier = await openDiskTier({ folder, maxBytes, uselessAfter }, ports)
  return Object.assign(tier, { events, clock: clock as FakeClock, remembered })
}

/** The files of records, each by its path. */
export function recordFiles(folder: string): readonly string[] {
  const records = join(folder, 'records')
  return readdirSync(records).flatMap((name) =>
    readdirSync(join(records, name)).map((file) => join(records, name, file)),
  )
}

export function temporaryFiles(folder: string): readonly string[] {
  return readdirSync(join(folder, 'tmp'))
}

/** What the file system says that the records take. */
export function recount(folder: string): { items: number; bytes: number } {
  const files = recordFiles(folder)
  return { items: files.length, bytes: bytesOf(files) }
}

/** Files being written and files about to be removed included. */
export function bytesOnDisk(folder: string): number {
  return bytesOf([...recordFiles(folder), ...temporaryFiles(folder).map((name) => join(folder, 'tmp', name))])
}

/** A file that has gone meanwhile takes nothing. */
function bytesOf(files: readonly string[]): number {
  return files.reduce((sum, path) => sum + (statSync(path, { throwIfNoEntry: false })?.blocks ?? 0) * 512, 0)
}

/** What the tier says. */
export function counted(tier: DiskTier): { items: number; bytes: number } {
  const { items, bytes } = tier.usage()
  return { items, bytes }
}

export function pathOf(folder: string, id: RecordId): string {
  return new DiskLayout(folder).file(digestOf(id))
}

/** As a crash leaves it: the folder's files as they are, without what closing writes. */
export async function crashed(folder: string): Promise<string> {
  const copy = `${folder}-crashed`
  await cp(folder, copy, { recursive: true, preserveTimestamps: true })
  return copy
}

/** Lets the tier save its index, and waits until it has. Something must have changed since it did last. */
export async function saveIndex(folder: string, tier: OpenedTier): Promise<void> {
  const inode = () => statSync(join(folder, 'index'), { throwIfNoEntry: false })?.ino
  const before = inode()
  await tier.clock.advance(60_000)
  while (inode() === before) await turn()
}

/** Everything last changed an hour ago, as far as the file system tells: nothing is too new to be sure of. */
export function age(folder: string): void {
  const anHourAgo = Date.now() / 1000 - 3600
  const paths = new Set(recordFiles(folder).flatMap((path) => [path, dirname(path)]))
  for (const path of paths) utimesSync(path, anHourAgo, anHourAgo)
}
