/** The arena at each of its steps: what if the worker died right there, or another one did something meanwhile? */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Arena } from '../../src/cache/arena/arena.ts'
import { type ArenaHandle, control, segmentRow } from '../../src/cache/arena/layout.ts'
import { repairAfter } from '../../src/cache/arena/repair.ts'
import { heldLocks } from '../support/arena-check.ts'
import { keys, Play } from '../support/arena-play.ts'
import { type ArenaVariant, arenaVariant, type Edit } from '../support/arena-variant.ts'

const plays = 12

type MakeArena = (handle: ArenaHandle, worker: number) => Arena

async function load(variant: ArenaVariant): Promise<MakeArena> {
  const { Arena: Changed } = (await import(variant.urlOf('arena.ts'))) as { readonly Arena: typeof Arena }
  return (handle, worker) => new Changed(handle, worker, () => undefined)
}

function atEachStep(act: (() => void) | undefined): void {
  Object.assign(globalThis, { arenaStep: act })
}

class Death extends Error {}

/** What a thread that has ended does not do any more, whatever its stack was. */
const mortal: readonly Edit[] = [
  {
    file: 'locks.ts',
    from: 'give(lock: number): void {',
    to: 'give(lock: number): void {\n    if ((globalThis as any).isDead) return',
  },
  {
    file: 'pins.ts',
    from: 'unpin(segment: number): void {',
    to: 'unpin(segment: number): void {\n    if ((globalThis as any).isDead) return',
  },
  {
    file: 'publisher.ts',
    from: '} catch (error) {',
    to: '} catch (error) {\n      if ((globalThis as any).isDead) throw error',
  },
]

/** Returns false when the play was over before that many steps. */
function dieAt(step: number, seed: number, make: MakeArena, mend: (handle: ArenaHandle) => void): boolean {
  const play = new Play(seed, 0.04)
  const arena = make(play.handle, 0)
  const survivor = make(play.handle, 1)
  for (let turn = 0; turn < 400; turn++) play.act(arena)()
  let left = step
  atEachStep(() => {
    if (left-- > 0) return
    Object.assign(globalThis, { isDead: true })
    throw new Death()
  })
  let isDead = false
  try {
    for (let turn = 0; turn < 40; turn++) play.act(arena)()
  } catch (error) {
    if (!(error instanceof Death)) throw error
    isDead = true
  }
  atEachStep(undefined)
  Object.assign(globalThis, { isDead: false })
  if (!isDead) return false
  mend(play.handle)
  play.check()
  for (let turn = 0; turn < 60; turn++) play.act(survivor)()
  play.check()
  return true
}

/** Returns how many steps the play has. */
function dieEverywhere(
  seed: number,
  make: MakeArena,
  mend = (handle: ArenaHandle) => void repairAfter(0, handle),
): number {
  let step = 0
  while (dieAt(step, seed, make, mend)) step += 1
  return step
}

/** Of the record that the cleaner is at, or about to come to. */
function keyBeingCleaned({ buffer }: ArenaHandle, arena: Arena): number {
  const { layout } = arena
  const words = new Int32Array(buffer)
  const segment = Math.max(0, (words[control.victim] ?? 0) - 1)
  const at = layout.segments + segment * segmentRow.words
  const address = layout.dataUnit + segment * layout.segmentUnits + (words[at + segmentRow.cursor] ?? 0)
  const key = Number(arena.idOf(address).split(':')[1])
  return Number.isInteger(key) ? key : 0
}

/** In one thread nobody can wait for another one to go on cleaning; and what is pinned is not left alone where it need not be. */
const ruthless: readonly Edit[] = [
  {
    file: 'cleaner.ts',
    from: 'this.#parts.locks.take(control.cleanLock)',
    to: 'if (!this.#parts.locks.tryTake(control.cleanLock)) return false',
  },
  { file: 'victims.ts', from: 'const isPinned = this.#pins.isPinned(segment)', to: 'const isPinned = false' },
]

/** At one step in some, wherever it need not wait for a lock, another worker does a lot at once. */
function meddle(seed: number, make: MakeArena, removals = 0.04): void {
  const play = new Play(seed, removals)
  const [one, other] = [make(play.handle, 0), make(play.handle, 1)]
  let isMeddling = false
  let isReading = false
  const burst = () => {
    isMeddling = true
    for (let turn = play.chance() < 0.3 ? 250 : 40; turn > 0; turn--) play.act(other)()
    isMeddling = false
  }
  atEachStep(() => {
    if (isMeddling || play.chance() > (isReading ? 0.3 : 0.1)) return
    const held = heldLocks(play.handle)
    if (held.length === 0 && (isReading || play.chance() < 0.3)) burst()
    if (held.length === 1 && held[0] === control.cleanLock) {
      isMeddling = true
      play.put(other, keyBeingCleaned(play.handle, other), 12)()
      isMeddling = false
    }
  })
  for (let turn = 0; turn < 70; turn++) {
    const key = Math.floor(play.chance() ** 2 * keys)
    isReading = play.chance() < 0.5
    if (isReading) play.read(one, key, burst)
    else play.putMeddled(one, key)
  }
  atEachStep(undefined)
  play.check()
}

test('a worker may die at any step: nothing wrong is found, nothing is lost, and the counts are exact', async () => {
  using variant = arenaVariant(mortal)
  const make = await load(variant)
  const steps = dieEverywhere(1, make)
  assert.ok(steps > 500, `only ${steps} steps`)
})

test('whatever another worker does at any step, what is found is right and stays', async () => {
  using variant = arenaVariant(ruthless)
  const make = await load(variant)
  for (let seed = 1; seed <= plays; seed++) meddle(seed, make)
})

/** Each of them is a rule that the arena could not do without. */
const mistakes: Readonly<Record<string, Edit & { readonly removals?: number }>> = {
  'a segment is freed under its readers': {
    file: 'segments.ts',
    from: 'if (this.#pins.isPinned(segment)) return false',
    to: '',
  },
  'a reader does not look again after pinning': {
    file: 'slot-index.ts',
    from: 'if (Atomics.load(this.#words, slot) === address) {',
    to: 'if (address > 0) {',
  },
  'a tag is taken for a digest': {
    file: 'slot-index.ts',
    from: 'if (this.isOf(address, digest)) {',
    to: 'if (address > 0) {',
  },
  'a record is published in a segment that was cleaned': {
    file: 'publisher.ts',
    from: '!this.#isPublishable(address) || ',
    to: '',
    removals: 0, // any of them would keep it from being published
  },
  'an older record that was moved replaces a newer one': {
    file: 'publisher.ts',
    from: 'if (slot < 0 || this.#words[slot] !== from || ',
    to: 'if (slot < 0 || ',
  },
  'a removal is not heeded by what is being put': {
    file: 'publisher.ts',
    from: ' || this.generationOf(digest) !== generation',
    to: '',
  },
}

for (const [what, edit] of Object.entries(mistakes)) {
  test(`it would be noticed if ${what}`, async () => {
    using variant = arenaVariant([...ruthless, edit])
    const make = await load(variant)
    assert.throws(() => {
      try {
        for (let seed = 1; seed <= 10 * plays; seed++) meddle(seed, make, edit.removals)
      } finally {
        atEachStep(undefined)
      }
    })
  })
}

const omissions: Readonly<Record<string, string>> = {
  'the segments that nobody will append to again': 'segments.closeLost()',
  'a segment that was chosen or finished': 'forgetFinished(memory, segments)',
  'the accounts of a stripe': 'accounts.recount(stripe)',
  'a segment that was being freed': 'segments.finishFreeing(segment, owner)',
  'the pins': 'pins.dropAllOf(worker)',
}

for (const [what, from] of Object.entries(omissions)) {
  test(`it would be noticed if repair left out ${what}`, async () => {
    using variant = arenaVariant([...mortal, { file: 'repair.ts', from, to: '0' }])
    const make = await load(variant)
    const { repairAfter: mend } = (await import(variant.urlOf('repair.ts'))) as { repairAfter: typeof repairAfter }
    assert.throws(() => {
      for (let seed = 1; seed <= plays; seed++) dieEverywhere(seed, make, (handle) => void mend(0, handle))
    })
  })
}
