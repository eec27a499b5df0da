/** An identity provider's key endpoint, and a key set that reads it. */

import { generateKeyPairSync } from 'node:crypto'
import { once } from 'node:events'
import { createServer, type RequestListener } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { TestContext } from 'node:test'
import { createJwks, type JwksEvents } from '../../../src/access/jwks.ts'
import type { KeyCandidates, KeySet } from '../../../src/access/key-set.ts'
import { FakeClock } from '../../support/fake-clock.ts'
import { createFakeRandom } from '../../support/fake-random.ts'

export interface KeyServer {
  readonly url: string
  readonly requests: number
  answer: RequestListener
}

export async function startKeyServer(t: TestContext): Promise<KeyServer> {
  let requests = 0
  const server = createServer((request, response) => {
    requests += 1
    keyServer.answer(request, response)
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.after(async () => {
    server.closeAllConnections()
    server.close()
    await once(server, 'close')
  })
  const keyServer = {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/keys?tenant=1`,
    get requests() {
      return requests
    },
    answer: keys('a') as RequestListener,
  }
  return keyServer
}

const jwks = new Map<string, unknown>()

/** A public key of its own for each name. */
export function jwk(kid: string): unknown {
  const { publicKey } = generateKeyPairSync('ed25519')
  const known = jwks.get(kid) ?? { ...publicKey.export({ format: 'jwk' }), kid }
  jwks.set(kid, known)
  return known
}

/** Answers with these keys. */
export function keys(...kids: readonly string[]): RequestListener {
  return say(JSON.stringify({ keys: kids.map(jwk) }))
}

export function say(body: string, status = 200, headers: Readonly<Record<string, string>> = {}): RequestListener {
  return (_, response) => response.writeHead(status, headers).end(body)
}

type Told = { readonly keys: number } | { readonly error: Error }

export interface KeyReader {
  readonly jwks: KeySet
  readonly clock: FakeClock
  /** How the fetch ended that is the next one to end. */
  next(): Promise<Told>
  /** The names of the keys that would be tried for a token with this `kid`. */
  ask(kid: string | undefined): Promise<readonly (string | undefined)[] | 'none-yet'>
}

/** Its clock stands still, so that nothing but tokens and `advance` sets off a fetch after the first. */
export function startJwks(t: TestContext, url: string, refreshIntervalMs = 3_600_000): KeyReader {
  const clock = new FakeClock()
  let ended = Promise.withResolvers<Told>()
  const tell = (told: Told) => {
    ended.resolve(told)
    ended = Promise.withResolvers()
  }
  const events: JwksEvents = {
    fetched: (count) => tell({ keys: count }),
    closed: () => undefined,
    failed: (error) => tell({ error: error instanceof Error ? error : new Error(String(error)) }),
  }
  const jwks = createJwks({ url, refreshIntervalMs }, { clock, random: createFakeRandom([0.5]), events })
  t.after(() => jwks.close())
  return {
    jwks,
    clock,
    next: async () => {
      const told = await ended.promise
      await clock.untilWaiting(1) // the next refresh
      return told
    },
    ask: async (id) => idsOf(await jwks.candidates({ algorithm: 'EdDSA', id })),
  }
}

function idsOf(candidates: KeyCandidates): readonly (string | undefined)[] | 'none-yet' {
  return candidates === 'none-yet' ? candidates : candidates.map(({ id }) => id)
}
