/** Cross-origin sharing answered by the proxy (https://fetch.spec.whatwg.org/#http-cors-protocol). */

import { isFieldName } from '../base/header-list.ts'
import type { HeaderList } from '../base/types.ts'
import { allowedMethods } from './error-response.ts'
import type { ProxyRequest, ProxyResponse } from './messages.ts'

export interface CorsRule {
  /** Serialised origins; `*` alone is any, and `https://*.example.com` any one label in its place. */
  readonly allowedOrigins: readonly string[]
  readonly allowedMethods: readonly string[]
  /** `*` allows what is asked for. */
  readonly allowedHeaders: readonly string[]
  readonly exposedHeaders: readonly string[]
  readonly maxAgeSeconds?: number | undefined
  /** Never together with an origin of `*`. */
  readonly allowCredentials: boolean
}

/** What to add to any answer but a preflight's, an error's included. */
export function corsHeaders(rule: CorsRule, origin: string | undefined): HeaderList {
  const headers = sharedHeaders(rule, origin)
  if (isShared(headers) && rule.exposedHeaders.length > 0) {
    headers.push('Access-Control-Expose-Headers', rule.exposedHeaders.join(', '))
  }
  return headers
}

/** The answer to a preflight; undefined when the request is none. One that is refused lacks the fields that would allow it. */
export function preflightResponse(rule: CorsRule, request: ProxyRequest): ProxyResponse | undefined {
  const origin = request.header('origin')
  const method = request.header('access-control-request-method')
  if (request.method !== 'OPTIONS' || origin === undefined || method === undefined) return undefined
  const headers = sharedHeaders(rule, origin)
  headers.push('Allow', allowedMethods)
  if (isShared(headers) && rule.allowedMethods.includes(method)) {
    headers.push('Access-Control-Allow-Methods', rule.allowedMethods.join(', '))
    const fields = allowedFields(rule, request.header('access-control-request-headers'))
    if (fields !== '') headers.push('Access-Control-Allow-Headers', fields)
    if (rule.maxAgeSeconds !== undefined) headers.push('Access-Control-Max-Age', `${rule.maxAgeSeconds}`)
  }
  return { status: 204, headers, body: { kind: 'empty' } }
}

/** A field that says with whom to share, whoever says it. */
export function isCorsField(name: string): boolean {
  return name.startsWith('access-control-')
}

/** A rule for every origin answers all alike, with or without Origin, so that no cache has to tell answers apart. */
function sharedHeaders(rule: CorsRule, origin: string | undefined): string[] {
  if (rule.allowedOrigins.includes('*')) return ['Access-Control-Allow-Origin', '*']
  if (origin === undefined || !rule.allowedOrigins.some((allowed) => originMatches(allowed, origin))) {
    return ['Vary', 'Origin']
  }
  const headers = ['Vary', 'Origin', 'Access-Control-Allow-Origin', origin]
  if (rule.allowCredentials) headers.push('Access-Control-Allow-Credentials', 'true')
  return headers
}

function isShared(headers: readonly string[]): boolean {
  return headers.includes('Access-Control-Allow-Origin')
}

/** Browsers serialise origins in lower case and compare what comes back byte for byte; only the rule may be written otherwise. */
function originMatches(allowed: string, origin: string): boolean {
  const pattern = allowed.toLowerCase()
  const star = pattern.indexOf('*')
  if (star === -1) return pattern === origin
  const after = pattern.slice(star + 1)
  if (!origin.startsWith(pattern.slice(0, star)) || !origin.endsWith(after)) return false
  return /^[a-z0-9_-]+$/.test(origin.slice(star, origin.length - after.length))
}

/** A literal `*` would not cover Authorization, nor anything with credentials, so what is asked for is named. */
function allowedFields(rule: CorsRule, asked: string | undefined): string {
  if (!rule.allowedHeaders.includes('*')) return rule.allowedHeaders.join(', ')
  const names = (asked ?? '').split(',').map((name) => name.trim())
  return names.filter(isFieldName).join(', ')
}
