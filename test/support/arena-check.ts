import assert from 'node:assert/strict'
import { Arena } from '../../src/cache/arena/arena.ts'
import { type ArenaHandle, control, planArena, segmentRow as row } from '../../src/cache/arena/layout.ts'
import { bucketMask } from '../../src/cache/arena/record-header.ts'
import { state } from '../../src/cache/arena/segments.ts'
import { versionIn } from './arena-records.ts'

/**
 * Holds an arena that nobody is at against everything that must be so. `observer`: a worker's number that nobody has.
 * Returns the version of each key that is there. `ids` are `bucket:key`, and bytes are `bodyOfKey`'s.
 */
export function checkArena(handle: ArenaHandle, observer: number): ReadonlyMap<number, number> {
  const arena = new Arena(handle, observer, () => undefined)
  const versions = new Map<number, number>()
  const counted = new Map<number, { items: number; bytes: number }>()
  const layout = planArena(handle.shape)
  for (let stripe = 0; stripe < layout.stripes; stripe++) {
    arena.visit(stripe, 0, layout.bucketsPerStripe, (address) => {
      const key = Number(arena.idOf(address).split(':')[1])
      assert.ok(!versions.has(key), `key ${key} is there twice`)
      versions.set(key, versionIn(arena.bodyOf(address), key))
      const bucket = arena.flagsOf(address) & bucketMask
      const { items, bytes } = counted.get(bucket) ?? { items: 0, bytes: 0 }
      counted.set(bucket, { items: items + 1, bytes: bytes + arena.bytesOf(address) })
      assert.equal(arena.find(arena.digestAt(address)), address, `key ${key} is where nobody looks for it`)
      arena.release(address)
    })
  }
  for (const [bucket, usage] of arena.usage(handle.shape.maxBuckets).entries()) {
    assert.deepEqual(usage, counted.get(bucket) ?? { items: 0, bytes: 0 }, `the accounts of bucket ${bucket}`)
  }
  checkRest(handle)
  return versions
}

/** Locks, pins and segments as they are when nobody is at work. */
function checkRest(handle: ArenaHandle): void {
  const layout = planArena(handle.shape)
  const words = new Int32Array(handle.buffer)
  assert.deepEqual(heldLocks(handle), [])
  const pins = words.subarray(layout.pins, layout.pins + handle.shape.workers * layout.pinRowWords)
  assert.ok(
    pins.every((count) => count === 0),
    'a pin is left',
  )
  const victim = (words[control.victim] as number) - 1
  const victimState = words[layout.segments + victim * row.words + row.state] as number
  const isUnderWay = victimState === state.cleaningProbation || victimState === state.cleaningMain
  assert.ok(victim < 0 || isUnderWay, `segment ${victim} is to be cleaned, in state ${victimState}`)
  const listed = new Set(words.subarray(control.open, control.secret))
  for (let segment = 0; segment < layout.segmentCount; segment++) {
    const now = words[layout.segments + segment * row.words + row.state] as number
    assert.ok(now >= state.free && now <= state.draining, `segment ${segment} is in state ${now}`)
    const isOpen = now === state.openProbation || now === state.openMain
    const isCleaned = now === state.cleaningProbation || now === state.cleaningMain
    if (isOpen) assert.ok(listed.has(segment), `segment ${segment} is open and nobody knows`)
    if (isCleaned) assert.equal(words[control.victim], segment + 1, `segment ${segment} is being cleaned by nobody`)
  }
}

export function heldLocks(handle: ArenaHandle): readonly number[] {
  const layout = planArena(handle.shape)
  const words = new Int32Array(handle.buffer)
  const stripes = Array.from({ length: layout.stripes }, (_, stripe) => layout.stripeRows + stripe * 16)
  return [control.appendLock, control.cleanLock, control.namesLock, ...stripes].filter((lock) => words[lock] !== 0)
}
