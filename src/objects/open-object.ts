/** From a request for an object to its head: out of the cache when that is fresh enough, else from the origin. */

import { ProxyError } from '../base/errors.ts'
import type { CacheKey } from '../cache/cache-key.ts'
import type { PurgeLog } from '../cache/purge-log.ts'
import type { ObjectHead } from '../cache/record.ts'
import type { CacheStatusFacts } from '../policy/cache-status.ts'
import { ageSeconds, type Freshness, judgeFreshness, type Lifetime } from '../policy/freshness.ts'
import { revalidationHeaders } from '../policy/validators.ts'
import { type Asking, asking, type Found, type StoredHere } from './asking.ts'
import { flyClaimed, mayServe } from './claimed-flight.ts'
import { Flight, type FlightTable, type Fly, type Land, type Landing } from './flight.ts'
import { type LandingPorts, land } from './landing.ts'
import { answers, follow, owned } from './look-up.ts'
import { StoredObject } from './stored-object.ts'
import type { How, OpenResult, Wanted } from './wanted.ts'

export interface OpenPorts extends LandingPorts {
  readonly flights: FlightTable
  readonly purges: PurgeLog
}

/** How fresh a stored answer is for this request. */
interface Judged {
  readonly lifetime: Lifetime
  readonly freshness: Freshness
}

/** A request looks again when the answer it waited for turned out to be another variant's. More than this is no progress. */
const maxLooks = 3

export class ObjectOpener {
  readonly #ports: OpenPorts

  constructor(ports: OpenPorts) {
    this.#ports = ports
  }

  async open(wanted: Wanted): Promise<OpenResult> {
    if (!wanted.mayStore) return this.#pass(wanted)
    for (let looks = 0; looks < maxLooks; looks++) {
      const { store } = this.#ports
      const followed = follow(await store.lend(wanted.key.id, wanted.timeline), wanted, store, 'lend')
      const lent = followed instanceof Promise ? await followed : followed
      try {
        const judged = this.#judge(lent, wanted)
        // An answer that has to be confirmed is needed for longer than a loan should last.
        const found = judged?.freshness.kind === 'fresh' ? lent : owned(lent)
        const result = this.#fromStore(found, judged, wanted) ?? (await this.#fromOrigin(found, judged, wanted))
        if (result !== 'again') return result
      } catch (error) {
        lent.stored?.release?.() // and let the one who maps errors answer
        throw error
      }
    }
    return this.#pass(wanted)
  }

  /** Undefined when nothing is stored that answers the request. */
  #judge({ key, stored }: Found, wanted: Wanted): Judged | undefined {
    if (stored === undefined || !answers(stored, wanted.method)) return undefined
    const lifetime = wanted.site.lifetimes.of(key.id, stored.head)
    return { lifetime, freshness: judgeFreshness(lifetime, wanted.directives, this.#ports.clock.now()) }
  }

  /** Undefined when the origin has to be asked first. */
  #fromStore(found: Found, judged: Judged | undefined, wanted: Wanted): OpenResult | undefined {
    const { stored } = found
    if (judged === undefined || stored === undefined) return undefined
    const { freshness } = judged
    if (freshness.kind === 'stale') {
      if (!freshness.whileRevalidating) return undefined
      this.#refreshBehind(found, wanted)
    }
    return this.#hit(found, stored, wanted, freshness)
  }

  #fromOrigin(found: Found, judged: Judged | undefined, wanted: Wanted): Promise<OpenResult | 'again'> {
    if (wanted.directives.onlyIfCached) {
      throw new ProxyError('NotCached', 'only-if-cached, and no stored answer may be used')
    }
    const { stored } = found
    if (judged === undefined || stored === undefined || judged.freshness.kind === 'fresh') {
      return this.#openMissed(found, wanted)
    }
    const { lifetime, freshness } = judged
    // RFC 9211 §2.2: 'request' when it is the client's directives, and not the answer's age, that ask for the origin.
    const fwd = freshness.ttlMs > 0 && !lifetime.alwaysRevalidate ? 'request' : 'stale'
    return this.#revalidate(found, stored, wanted, freshness, { fwd })
  }

  #hit(found: Found, stored: StoredHere, wanted: Wanted, freshness: Freshness): OpenResult {
    const { head, body, tier, release } = stored
    // Fresh enough for this client (max-stale) can be stale all the same.
    const status = freshness.ttlMs < 0 ? 'stale' : 'hit'
    const ttlSeconds = Math.floor(freshness.ttlMs / 1000)
    const facts: CacheStatusFacts = { hit: true, ttlSeconds, detail: tier }
    const how: How = { status, facts, tier, ageSeconds: Math.floor(freshness.ageMs / 1000) }
    if (head.absence !== undefined) {
      release?.()
      return { kind: 'missing', code: head.absence, how }
    }
    const { key } = found
    const { ref, timeline } = wanted
    const { origin } = wanted.site
    const forwarded = head.size > head.sliceBytes ? wanted.forwarded(found.varyNames) : []
    const spec = { key, head, whole: body, release, ref, origin, forwarded, timeline, isLeader: false }
    return { kind: 'object', object: new StoredObject(spec, this.#ports), how }
  }

  #openMissed(found: Found, wanted: Wanted): Promise<OpenResult | 'again'> {
    const fwd = found.varyNames.length > 0 ? 'vary-miss' : 'uri-miss'
    return this.#fly({ ...asking(found, wanted), stored: undefined }, wanted, { fwd })
  }

  async #revalidate(
    found: Found,
    stored: StoredHere,
    wanted: Wanted,
    freshness: Extract<Freshness, { kind: 'stale' }>,
    facts: CacheStatusFacts,
  ): Promise<OpenResult | 'again'> {
    const serveStale = () => this.#hit(found, stored, wanted, freshness)
    try {
      const result = await this.#fly(asking(found, wanted), wanted, facts, freshness.onError)
      return result === 'failing' ? serveStale() : result
    } catch (error) {
      // Translates an origin failure into the stale answer, where the origin or the configuration allows it (RFC 5861 §4).
      const isFailing = error instanceof ProxyError && error.source === 'origin' && error.status >= 500
      if (isFailing && freshness.onError) return serveStale()
      await this.#forgetDenied(error, found)
      throw error
    }
  }

  #fly(asking: Asking, wanted: Wanted, facts: CacheStatusFacts): Promise<OpenResult | 'again'>
  #fly(
    asking: Asking,
    wanted: Wanted,
    facts: CacheStatusFacts,
    orStale: boolean,
  ): Promise<OpenResult | 'again' | 'failing'>
  async #fly(
    asking: Asking,
    wanted: Wanted,
    facts: CacheStatusFacts,
    orStale = false,
  ): Promise<OpenResult | 'again' | 'failing'> {
    const since = this.#ports.clock.now()
    const { flight, isJoined } = this.#flightFor(asking, wanted)
    const wait = isJoined ? wanted.timeline?.join(flight.timeline) : undefined
    let landing = await flight.board(wanted.header, wanted.signal, wanted.timeline)
    wait?.end()
    if (orStale && isFailing(landing)) {
      if (landing.kind === 'object') landing.object.release()
      return 'failing'
    }
    if (landing.kind === 'alone')
      landing = await this.#flyAlone(asking, wanted).board(wanted.header, wanted.signal, wanted.timeline)
    if (landing.kind === 'again' || landing.kind === 'alone') return 'again'
    const { isOthers } = landing
    // When another thread heard of it is known only now.
    if (isOthers && isJoined && !mayServe(asking.key.id, headOf(landing), since, wanted, this.#ports)) {
      if (landing.kind === 'object') landing.object.release()
      return 'again'
    }
    return this.#opened(landing, asking.key, wanted, isJoined || isOthers ? { ...facts, collapsed: true } : facts)
  }

  #flightFor(asking: Asking, wanted: Wanted): { flight: Flight; isJoined: boolean } {
    const { flights, uncacheable } = this.#ports
    if (uncacheable.has(asking.base)) return { flight: this.#flyAlone(asking, wanted), isJoined: false }
    const joinable = flights.joinable(asking.method, asking.key)
    if (joinable !== undefined && this.#mayJoin(joinable, asking, wanted)) return { flight: joinable, isJoined: true }
    const ask: Fly = (signal, told) => {
      wanted.own.asked = true
      return this.#ask(asking, signal, told)
    }
    const fly = this.#once(ask, asking, wanted)
    const { method, key, origin, timeline } = asking
    return { flight: flights.start(method, key, fly, origin, this.#ports.clock.now(), timeline), isJoined: false }
  }

  /** For all threads, where there are several. */
  #once(ask: Fly, asking: Asking, wanted: Wanted): Fly {
    const { peers } = this.#ports
    return peers === undefined ? ask : flyClaimed(ask, asking, wanted, { ...this.#ports, peers })
  }

  /**
   * RFC 9111 §5.2.1.4, §4.3: an answer that came before the request has to be fresh for it, stored or still on its way. And
   * nobody who comes after a purge waits for what the origin was asked before it, nor for what the bucket's former origin was.
   */
  #mayJoin({ origin, told, startedAt }: Flight, { key }: Asking, { site, directives }: Wanted): boolean {
    const { purges, clock } = this.#ports
    if (origin !== site.origin) return false
    if (told === undefined) return !purges.isOutdated(key.id, 'unknown', startedAt)
    if (purges.refuses(key.id, told.tags ?? [], told.requestedAt)) return false
    return judgeFreshness(site.lifetimes.of(key.id, told), directives, clock.now()).kind === 'fresh'
  }

  #flyAlone(asking: Asking, { own }: Wanted): Flight {
    own.asked = true
    return new Flight(
      (signal, told) => this.#ask(asking, signal, told),
      asking.origin,
      this.#ports.clock.now(),
      () => {},
      asking.timeline,
    )
  }

  async #ask(asking: Asking, signal: AbortSignal, told: (head: ObjectHead) => void): Promise<Land> {
    const { origin, ref, method, range, forwarded, stored, timeline } = asking
    const query = { method, headers: forwarded, signal, timeline, ...(stored && revalidationHeaders(stored.head)) }
    let answer = await origin.ask(ref, range === undefined ? query : { ...query, range })
    // Outside the object, or the object is empty: the whole tells its size.
    if (answer.kind === 'unsatisfiable') answer = await origin.ask(ref, query)
    return land(answer, asking, this.#ports, told)
  }

  #opened(
    landing: Extract<Landing, { kind: 'object' | 'missing' }>,
    key: CacheKey,
    wanted: Wanted,
    facts: CacheStatusFacts,
  ): OpenResult {
    if (landing.kind === 'missing') {
      const how: How = { status: 'miss', facts: { ...facts, fwdStatus: 404, stored: landing.isStored } }
      return { kind: 'missing', code: landing.head.absence ?? 'NoSuchKey', how }
    }
    const { object, how: by, status: fwdStatus } = landing
    const said = { ...facts, fwdStatus, stored: by !== 'passing' }
    if (by !== 'confirmed') return { kind: 'object', object, how: { status: 'miss', facts: said } }
    const age = ageSeconds(wanted.site.lifetimes.of(key.id, object.head), this.#ports.clock.now())
    return { kind: 'object', object, how: { status: 'revalidated', facts: said, ageSeconds: age } }
  }

  /** Past the cache: nothing is looked up, kept or shared. */
  async #pass(wanted: Wanted): Promise<OpenResult> {
    const asked = { ...asking({ key: wanted.key, varyNames: [] }, wanted), range: wanted.range }
    const landing = await this.#flyAlone(asked, wanted).board(wanted.header, wanted.signal, wanted.timeline)
    const facts: CacheStatusFacts = { fwd: 'bypass' }
    if (landing.kind === 'missing')
      return { kind: 'missing', code: landing.head.absence ?? 'NoSuchKey', how: { status: 'bypass', facts } }
    if (landing.kind !== 'object') throw new Error('a flight for one reader has landed for nobody')
    return {
      kind: 'object',
      object: landing.object,
      how: { status: 'bypass', facts: { ...facts, fwdStatus: landing.status } },
    }
  }

  /** RFC 5861 §3: the stale answer is served now, and confirmed behind it, once however many ask. */
  #refreshBehind(found: Found, wanted: Wanted): void {
    const question = asking(found, wanted)
    const { flights, uncacheable } = this.#ports
    if (flights.joinable(question.method, question.key) !== undefined || uncacheable.has(question.base)) return
    const never = new AbortController()
    const ask: Fly = (signal, told) => this.#ask({ ...question, range: undefined }, signal, told)
    const fly = this.#once(ask, question, wanted)
    const { method, key, origin, timeline } = question
    const flight = flights.start(method, key, fly, origin, this.#ports.clock.now(), timeline)
    void flight.board(wanted.header, never.signal).then(
      (landing) => landing.kind === 'object' && landing.object.release(),
      // The stale answer stays unless it is denied; the origin's failure is told by its own events.
      (error: unknown) => this.#forgetDenied(error, found),
    )
  }

  /** What S3 denies now is not served from what it allowed before. */
  async #forgetDenied(error: unknown, { key }: Found): Promise<void> {
    if (error instanceof ProxyError && error.status === 403) await this.#ports.store.remove(key.id)
  }
}

function headOf(landing: Extract<Landing, { kind: 'object' | 'missing' }>): ObjectHead {
  return landing.kind === 'object' ? landing.object.head : landing.head
}

function isFailing(landing: Landing): landing is Extract<Landing, { kind: 'object' | 'alone' }> {
  return (landing.kind === 'object' || landing.kind === 'alone') && landing.status >= 500
}
