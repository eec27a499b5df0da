import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { setImmediate as turn } from 'node:timers/promises'
import { seededRandom } from '../../../bench/rig/zipf-streams.ts'
import { ArenaTier } from '../../../src/cache/arena/arena-tier.ts'
import { createArena, planArena } from '../../../src/cache/arena/layout.ts'
import { type ProxyUnderTest, startProxy } from '../../support/start-proxy.ts'
import { expectedBytes } from '../../support/synthetic-bytes.ts'
import { compare, MiB, readFirst } from '../streaming/rig.ts'

const objects = 40
const readers = 10
const requestsEach = 8
/** Some are in slices; all of them together are several times what there is room for. */
const sizeOf = (number: number) => (number % 4 === 0 ? 10 * MiB : 50_000 + number * 10_000)
const contents = Array.from({ length: objects }, (_, number) => expectedBytes(number, 0, sizeOf(number)))

test('from an arena whose records make room for others all the time, readers of any speed get what they asked for', async (t) => {
  const arena = createArena({ maxBytes: 48 * MiB, workers: 1, maxBuckets: 4, sliceBytes: MiB })
  let evicted = 0
  const tier = new ArenaTier({ arena, worker: 0, maxItemBytes: 10 * MiB }, { evicted: () => void evicted++ })
  const { proxy } = await startAll(t, tier)
  await Promise.all(Array.from({ length: readers }, (_, number) => readMany(proxy, seededRandom(number + 1))))
  await proxy.untilLogged(readers * requestsEach)
  assert.ok(evicted > 10)
  assert.notEqual(await proxy.metric('yatagarasu_cache_hits_total'), 0)
  const layout = planArena(arena.shape)
  const pins = new Int32Array(arena.buffer).subarray(layout.pins, layout.pins + layout.pinRowWords)
  assert.ok(pins.every((count) => count === 0))
})

async function startAll(t: TestContext, tier: ArenaTier) {
  const stage = await startProxy(t, { tierGuard: () => tier })
  for (let number = 0; number < objects; number += 1) {
    stage.origin.serve(`${number}`, { size: sizeOf(number), seed: number })
  }
  return stage
}

async function readMany(proxy: ProxyUnderTest, random: () => number): Promise<void> {
  for (let count = 0; count < requestsEach; count += 1) {
    const number = Math.floor(random() ** 2 * objects)
    const content = contents[number] as Uint8Array
    const start = random() < 0.5 ? 0 : Math.floor(random() * content.length)
    const headers = start === 0 ? {} : { range: `bytes=${start}-` }
    const leaver = new AbortController()
    const { body } = await proxy.open(`/b/${number}`, { headers, signal: leaver.signal })
    body.on('error', () => {})
    if (random() < 0.2) {
      const first = await readFirst(body, 1000)
      assert.ok(first.equals(content.subarray(start, start + first.length)))
      leaver.abort()
      continue
    }
    const pauseTurns = random() < 0.5 ? 0 : 50
    for (let turns = 0; turns < pauseTurns; turns += 1) await turn()
    assert.equal(await compare(body, content.subarray(start)), content.length - start)
  }
}
