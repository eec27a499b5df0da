/** The administration over ports that write down what they are asked, and tokens that are words. */

import type { Authenticator, AuthResult } from '../../../src/access/authenticator.ts'
import { compileClaimRules } from '../../../src/access/claim-rules.ts'
import { createAdmin } from '../../../src/admin/admin.ts'
import type { AdminPorts, CacheCounts, Gate, SavedCounts } from '../../../src/admin/ports.ts'
import { ProxyError } from '../../../src/base/errors.ts'
import { fieldValue } from '../../../src/base/header-list.ts'
import { createTrace, type Trace } from '../../../src/base/trace.ts'
import type { EpochMs } from '../../../src/base/types.ts'
import { CacheKey } from '../../../src/cache/cache-key.ts'
import type { Purged } from '../../../src/cache/tiered-store.ts'
import type { ProxyRequest } from '../../../src/http/messages.ts'
import type { CachedEntry } from '../../../src/objects/inventory.ts'
import type { WarmJob } from '../../../src/warming/warm-jobs.ts'
import { accessRequest } from '../../support/access-request.ts'
import { FakeClock } from '../../support/fake-clock.ts'

/** Claims by token, for each set of keys. */
type Keys = Readonly<Record<string, Readonly<Record<string, unknown>>>>

export function keySet(keys: Keys): Authenticator {
  const judge = (token: string): AuthResult => {
    const claims = keys[token]
    if (claims === undefined) return { kind: 'rejected', fault: 'unknown-key' }
    return { kind: 'principal', principal: { subject: token, claims } }
  }
  return {
    authenticate(request) {
      const token = /^bearer +(.+)$/i.exec(request.header('authorization') ?? '')?.[1]
      return token === undefined ? { kind: 'no-token' } : judge(token)
    },
  }
}

export function gate(authenticator: Authenticator, value: string | undefined): Gate {
  const rules = value === undefined ? [] : [{ claim: 'role', operator: 'equals', value } as const]
  return { authenticator, rules, check: compileClaimRules(rules) }
}

export const mainKeys = keySet({ root: { role: 'admin' }, reader: { role: 'reader' }, 'img-admin': { role: 'img' } })
export const otherKeys = keySet({ 'films-admin': { role: 'films' }, forger: { role: 'admin' } })

export const access = {
  everything: [gate(mainKeys, 'admin')],
  buckets: new Map([
    ['img', [gate(mainKeys, 'img')]],
    ['films', [gate(otherKeys, 'films')]],
  ]),
}

export const purged: Purged = {
  entries: 2,
  bytes: 30,
  tiers: new Map([['memory', { entries: 3, bytes: 30 }]]),
  notKept: [],
}
export const nothing: Purged = {
  entries: 0,
  bytes: 0,
  tiers: new Map([['memory', { entries: 0, bytes: 0 }]]),
  notKept: [],
}

export const counts: CacheCounts = { hits: 3, misses: 1, evictions: 5, bytes: 1000, items: 7, maxBytes: 5000 }
export const saved: SavedCounts = { requestsAvoided: 2, bytesAvoided: 800, dollarsSaved: 0.1 + 0.2, dollarsSpent: 4e-7 }

export const entry: CachedEntry = {
  id: new CacheKey('img', 'a b/é').id,
  key: new CacheKey('img', 'a b/é'),
  status: 200,
  size: 12,
  etag: '"x"',
  contentType: 'image/png',
  tags: ['t1'],
  storedAt: Date.UTC(2026, 0, 1) as EpochMs,
  expiresAt: undefined,
  tiers: ['memory', 'disk'],
  hits: 4,
}

export const job: WarmJob = {
  id: 'job-1',
  bucket: 'img',
  state: 'running',
  startedAt: Date.UTC(2026, 0, 1) as EpochMs,
  endedAt: undefined,
  found: 3,
  isListed: false,
  fetched: 1,
  skipped: 1,
  missing: 0,
  failed: 1,
  bytes: 10,
  lastError: 'OriginTimeout',
}

export interface Asked {
  readonly what: string
  readonly with: readonly unknown[]
}

export interface AskedAdmin {
  readonly asked: readonly Asked[]
  call(method: string, target: string, options?: CallOptions): Promise<Answer>
}

export interface CallOptions {
  /** None: no `Authorization` at all. */
  readonly token?: string | undefined
  readonly body?: string | Uint8Array
  readonly headers?: Readonly<Record<string, string>>
}

export interface Answer {
  readonly status: number
  // biome-ignore lint/suspicious/noExplicitAny: a test says what it expects of it
  readonly json: any
  readonly trace: Trace
  field(name: string): string | undefined
}

/** `root` asks, unless a call says otherwise. */
export function startAdmin(overrides: Partial<AdminPorts> = {}): AskedAdmin {
  const asked: Asked[] = []
  const telling =
    <T>(what: string, answer: T) =>
    (...args: readonly unknown[]) => {
      asked.push({ what, with: args })
      return answer
    }
  const administer = createAdmin({
    clock: new FakeClock(),
    access,
    hasBucket: (name) => ['img', 'films', 'toString'].includes(name),
    purger: {
      purge: telling('purge', Promise.resolve(purged)),
      count: telling('count', Promise.resolve(purged)),
      where: telling('where', Promise.resolve(purged)),
    },
    inventory: { page: telling('page', Promise.resolve({ entries: [entry], next: undefined })) },
    stats: telling('stats', {
      total: { ...counts, ...saved },
      tiers: new Map([['memory', counts]]),
      buckets: new Map([['img', { ...counts, ...saved }]]),
    }),
    explainer: {
      bucketAt: (_host, path) => (path.startsWith('/img/') ? 'img' : undefined),
      explain: telling('explain', Promise.resolve({ plan: 'hit' })),
    },
    warming: {
      start: telling('start', job),
      get: (id) => (id === 'job-1' ? job : id === 'job-2' ? { ...job, id, bucket: 'films' } : undefined),
      cancel: telling('cancel', { ...job, state: 'cancelled' } as const),
    },
    reload: telling(
      'reload',
      Promise.resolve({ kind: 'reloaded', generation: 2, restartRequired: ['metrics.address'] } as const),
    ),
    limits: {
      look: telling('look', Promise.resolve({ limit: 10, remaining: 4, resetSeconds: 6 })),
      reset: telling('reset', Promise.resolve()),
    },
    config: () => ({ server: {} }),
    status: async () => ({ version: '1' }),
    ...overrides,
  })
  return {
    asked,
    async call(method, target, options = {}) {
      const trace = createTrace()
      const { status, headers, body } = await administer(requestOf(method, target, options), trace)
      const text = body.kind === 'bytes' ? Buffer.from(body.bytes).toString() : ''
      const json = text === '' ? undefined : JSON.parse(text)
      return { status, json, trace, field: (name) => fieldValue(headers, name) }
    },
  }
}

function requestOf(method: string, target: string, { body = '', headers = {}, ...rest }: CallOptions): ProxyRequest {
  const token = 'token' in rest ? rest.token : 'root'
  const [path = '', query = ''] = target.split('?')
  const fields = token === undefined ? headers : { Authorization: `Bearer ${token}`, ...headers }
  const bytes = Buffer.from(body)
  return {
    ...accessRequest(fields, query),
    method,
    path,
    host: 'proxy.test',
    hasBody: bytes.length > 0,
    async readBody(most) {
      if (bytes.length > most) throw new ProxyError('RequestBodyNotAllowed', 'too large')
      return bytes
    },
  }
}
