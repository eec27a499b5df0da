/** Several openers with tables of their own, as on several threads, over one store and one origin. The first one is on the hub. */

import assert from 'node:assert/strict'
import { once } from 'node:events'
import { MessageChannel } from 'node:worker_threads'
import { publicAuthorizer } from '../../../src/access/authorizer.ts'
import { createTrace } from '../../../src/base/trace.ts'
import type { ByteRange, EpochMs, Etag, HeaderList } from '../../../src/base/types.ts'
import { CacheKey } from '../../../src/cache/cache-key.ts'
import { createMemoryTier } from '../../../src/cache/memory-tier.ts'
import { PurgeLog } from '../../../src/cache/purge-log.ts'
import { createTieredStore } from '../../../src/cache/tiered-store.ts'
import { FlightTable } from '../../../src/objects/flight.ts'
import { Lifetimes } from '../../../src/objects/lifetimes.ts'
import { ObjectOpener } from '../../../src/objects/open-object.ts'
import { RunTable } from '../../../src/objects/run-table.ts'
import { UncacheableMemory } from '../../../src/objects/uncacheable-memory.ts'
import type { OpenResult, Wanted } from '../../../src/objects/wanted.ts'
import type { ObjectRef, Origin, OriginAnswer, OriginQuery } from '../../../src/origin/origin.ts'
import type { CachePolicy } from '../../../src/policy/cache-policy.ts'
import { noDirectives } from '../../../src/policy/request-directives.ts'
import { calling } from '../../../src/workers/caller.ts'
import { Link } from '../../../src/workers/link.ts'
import type { PeerCalls, PeerHubCalls } from '../../../src/workers/peer-calls.ts'
import { PeerHub } from '../../../src/workers/peer-hub.ts'
import { ThreadPeers } from '../../../src/workers/thread-peers.ts'
import { Barrier } from '../../support/barrier.ts'
import { FakeClock } from '../../support/fake-clock.ts'
import { createFakeRandom } from '../../support/fake-random.ts'
import { noStoreEvents } from '../../support/no-store-events.ts'
import { plentyToFill } from '../../support/plenty-to-fill.ts'
import { cachePolicy } from '../../support/policies.ts'
import { collect, quiet } from '../objects/rig.ts'

export const sliceBytes = 100

export interface Wish
  extends Partial<Pick<Wanted, 'method' | 'directives' | 'range' | 'signal' | 'header' | 'forwarded'>> {
  readonly key?: string
  readonly site?: Wanted['site']
}

export interface Got {
  readonly result: OpenResult
  readonly bytes: Uint8Array
  readonly own: Wanted['own']
}

export function threads(count: number, origin: Origin, changes: Partial<CachePolicy> = {}) {
  const clock = new FakeClock()
  const purges = new PurgeLog(clock, createFakeRandom())
  const tier = createMemoryTier({ maxBytes: 10_000_000, maxItemBytes: 1_000_000, eviction: 'lru' }, noStoreEvents)
  const store = createTieredStore([tier], noStoreEvents, clock, purges)
  const hub = new PeerHub({ clock, isOutdated: (id, at) => purges.isOutdated(id, 'unknown', at) })
  const policy = cachePolicy({ sliceBytes, ...changes })
  const site = { origin, policy, lifetimes: new Lifetimes(policy, purges) }
  const ports: MessageChannel[] = []

  const all = Array.from({ length: count }, (_, number) => {
    const { hubSide, threadSide, ...linked } = number === 0 ? direct(hub) : byMessages(hub, number, ports)
    const peers = new ThreadPeers(hubSide, clock)
    const runs = new RunTable({ store, clock, budget: plentyToFill(), peers })
    linked.serve(peers.callsTo(runs))
    hub.join(number, threadSide)
    const uncacheable = new UncacheableMemory(clock)
    const opener = new ObjectOpener({ store, runs, clock, purges, uncacheable, flights: new FlightTable(), peers })
    const open = async (wish: Wish = {}): Promise<{ result: OpenResult; wanted: Wanted }> => {
      const wanted = wantedOf({ site, ...wish })
      return { result: await opener.open(wanted), wanted }
    }
    /** Opens and reads to the end. */
    const get = async (wish: Wish = {}): Promise<Got> => {
      const { result, wanted } = await open(wish)
      return { result, bytes: await read(result, wanted, wish), own: wanted.own }
    }
    /** What it has said before is still heard. */
    const die = async () => {
      await linked.cutOff()
      threadSide.close()
      hub.leave(number)
    }
    return { opener, runs, uncacheable, open, get, die, cutOff: linked.cutOff }
  })

  return {
    ...{ clock, purges, store, hub, origin, site, key: new CacheKey('b', 'film'), threads: all },
    thread(number: number) {
      const thread = all[number]
      if (thread === undefined) throw new Error(`there is no thread ${number}`)
      return thread
    },
    /** Nothing may be left at the hub. */
    async [Symbol.asyncDispose]() {
      await quiet()
      assert.equal(hub.size, 0)
      for (const { port1 } of ports) port1.close()
    },
  }
}

/** The hub is a thread like the others: it only has itself to ask. */
function direct(hub: PeerHub) {
  let calls: PeerCalls | undefined
  const own = (): PeerCalls => {
    if (calls === undefined) throw new Error('not served yet')
    return calls
  }
  const threadSide = {
    call: (name: keyof PeerCalls, argument: unknown) => calling(own()).call(name, argument as never),
    tell: (name: keyof PeerCalls, argument: unknown) => calling(own()).tell(name, argument as never),
  } as Pick<Link<PeerCalls>, 'call' | 'tell'>
  const serve = (mine: PeerCalls) => {
    calls = mine
  }
  return { hubSide: calling(hub.callsOf(0)), threadSide: { ...threadSide, close() {} }, serve, async cutOff() {} }
}

function byMessages(hub: PeerHub, number: number, ports: MessageChannel[]) {
  const channel = new MessageChannel()
  ports.push(channel)
  const mine: Record<string, (argument: never) => unknown> = {}
  const hubSide = new Link<PeerHubCalls>(channel.port1, mine)
  const threadSide = new Link<PeerCalls>(channel.port2, hub.callsOf(number))
  return {
    hubSide,
    threadSide,
    serve: (calls: PeerCalls) => void Object.assign(mine, calls),
    async cutOff() {
      channel.port1.close()
      hubSide.close()
      await once(channel.port2, 'close')
    },
  }
}

export function wantedOf({ key = 'film', site, ...wish }: Wish & { site: Wanted['site'] }): Wanted {
  return {
    allowed: publicAuthorizer.authorize({ kind: 'anonymous' }),
    method: 'GET',
    ref: { bucket: 'b', key, query: '' },
    key: new CacheKey('b', key),
    site,
    mayStore: true,
    directives: noDirectives,
    range: undefined,
    header: () => undefined,
    own: createTrace(),
    forwarded: () => [],
    signal: new AbortController().signal,
    ...wish,
  }
}

async function read(result: OpenResult, { signal, method, own }: Wanted, { range }: Wish): Promise<Uint8Array> {
  if (result.kind === 'missing') return new Uint8Array()
  const { object } = result
  try {
    if (method === 'HEAD') return new Uint8Array()
    const wanted = rangeOf(range, object.head.size)
    await object.prepare(wanted, signal)
    return object.whole?.subarray(wanted.start, wanted.end) ?? (await collect(object.read(wanted, signal, own)))
  } finally {
    object.release()
  }
}

function rangeOf(range: Wish['range'], size: number): ByteRange {
  if (range === undefined) return { start: 0, end: size }
  if ('suffix' in range) return { start: Math.max(0, size - range.suffix), end: size }
  return { start: range.start, end: Math.min(size, range.end ?? size) }
}

/** Answers as a test says, when it says so. */
export class ScriptedOrigin implements Origin {
  readonly name = 'scripted'
  readonly fingerprint = 'scripted/bucket'
  readonly waiting = 0
  readonly queries: OriginQuery[] = []
  readonly #answers: ((query: OriginQuery) => Promise<OriginAnswer>)[] = []
  #last: (query: OriginQuery) => Promise<OriginAnswer> = () => Promise.reject(new Error('nothing to answer'))

  /** The last one is given again and again. */
  willAnswer(...answers: ((query: OriginQuery) => Promise<OriginAnswer>)[]): void {
    this.#answers.push(...answers)
  }

  ask(_ref: ObjectRef, query: OriginQuery): Promise<OriginAnswer> {
    this.queries.push(query)
    this.#last = this.#answers.shift() ?? this.#last
    return this.#last(query)
  }

  async close(): Promise<void> {}
}

interface Small {
  readonly clock: FakeClock
  readonly text?: string
  readonly headers?: HeaderList
  readonly status?: number
}

/** An answer of one slice that has just been given. */
export function small({ clock, text = 'small', headers = ['Cache-Control', 'max-age=60'], status = 200 }: Small) {
  const at = clock.now() as EpochMs
  const bytes = Buffer.from(text)
  const etag = `"${text}"` as Etag
  const body = {
    cancel() {},
    async *[Symbol.asyncIterator]() {
      yield bytes
    },
  }
  const head = { status, etag, size: bytes.length, headers, requestedAt: at, receivedAt: at }
  return { kind: 'object', head, start: 0, body } as const satisfies OriginAnswer
}

/** Answers when it is let go, with what `answer` is then. */
export function held(answer: () => OriginAnswer) {
  const barrier = new Barrier()
  const give = async () => {
    await barrier.arrive()
    return answer()
  }
  return { give, barrier }
}

/** Lets a moment pass first, so that what is answered from now on is younger than what was asked before. */
export async function release(barrier: Barrier, clock: FakeClock): Promise<void> {
  await quiet()
  await clock.advance(1)
  barrier.release()
}

export const textOf = ({ bytes }: Got) => Buffer.from(bytes).toString()
