/** /health and /ready, and the paths that no bucket may have. */

import type { Clock } from '../base/clock.ts'
import { ProxyError } from '../base/errors.ts'
import type { ProxyRequest, ProxyResponse } from '../http/messages.ts'
import { decodePath } from '../routing/routes.ts'
import { type Draft, errorDraft, pageDraft } from './draft.ts'

export interface Health {
  readonly version: string
  /** `unavailable` while starting and while draining; `degraded`: served, with parts that fail. */
  status(): 'ready' | 'degraded' | 'unavailable'
  /** How those parts are. Absent: that is not for everybody. */
  rows?(): Readonly<Record<string, unknown>>
}

export type SystemEndpoints = (request: ProxyRequest) => Draft | undefined

export function createSystemEndpoints(health: Health, clock: Clock): SystemEndpoints {
  const startedAt = clock.monotonicMs()
  return function system(request: ProxyRequest): Draft | undefined {
    const { path } = request
    if (path === '/health') {
      const uptime = Math.floor((clock.monotonicMs() - startedAt) / 1000)
      return read(request, 200, { status: 'healthy', uptime_seconds: uptime, version: health.version })
    }
    if (path === '/ready') {
      const status = health.status()
      return read(request, status === 'unavailable' ? 503 : 200, { status, ...health.rows?.() })
    }
    // Reserved in every spelling, as a bucket's prefix is served in every spelling.
    if (isOwnPath(path)) throw new ProxyError('NoSuchRoute', 'reserved path without anything configured behind it')
    return undefined
  }
}

/** For listeners that have nothing else. */
export function answerSystem(
  request: ProxyRequest,
  system: (request: ProxyRequest) => ProxyResponse | undefined,
): ProxyResponse {
  try {
    return system(request) ?? errorDraft(new ProxyError('NoSuchRoute', 'nothing at this path'), request)
  } catch (error) {
    if (error instanceof ProxyError) return errorDraft(error, request) // translated: it has its own text
    throw error
  }
}

/** As it came: however it is spelt. Throws `InvalidPath`. */
export function isOwnPath(path: string): boolean {
  return isReserved(path.includes('%') ? decodePath(path) : path)
}

const reserved = ['/admin', '/health', '/ready', '/metrics']

function isReserved(path: string): boolean {
  return reserved.some(
    (place) => path.startsWith(place) && (path.length === place.length || path[place.length] === '/'),
  )
}

function read(request: ProxyRequest, status: number, value: unknown): Draft {
  if (request.method !== 'GET' && request.method !== 'HEAD') {
    throw new ProxyError('MethodNotAllowed', `method ${request.method} on ${request.path}`)
  }
  return pageDraft(status, 'application/json', JSON.stringify(value))
}
