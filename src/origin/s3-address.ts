/** Where an S3 bucket is reached, and how its keys become paths. */

import { isIP } from 'node:net'

export interface S3AddressOptions {
  readonly bucket: string
  readonly region: string
  /** Absent: Amazon's own, by region. May have a path. */
  readonly endpoint?: string
  readonly forcePathStyle: boolean
}

export interface S3Address {
  /** Scheme, host and port. */
  readonly origin: string
  /** The Host field: without the scheme's default port. */
  readonly host: string
  /** Endpoint and bucket. */
  readonly fingerprint: string
  /** The request path of a key, percent-encoded once, dots and slashes as they are. */
  pathOf(key: string): string
}

export function locateBucket(options: S3AddressOptions): S3Address {
  const endpoint = new URL(options.endpoint ?? amazonEndpoint(options.region))
  const prefix = endpoint.pathname.replace(/\/+$/, '')
  const base = `${endpoint.protocol}//${endpoint.host}${prefix}`
  const pathStyle = options.forcePathStyle || !fitsHostName(options.bucket, endpoint)
  const host = pathStyle ? endpoint.host : `${options.bucket}.${endpoint.host}`
  const root = pathStyle ? `${prefix}/${encodePart(options.bucket)}/` : `${prefix}/`
  return {
    origin: `${endpoint.protocol}//${host}`,
    host,
    fingerprint: `${base}/${options.bucket}`,
    pathOf: (key) => root + key.split('/').map(encodePart).join('/'),
  }
}

export function amazonEndpoint(region: string): string {
  return `https://s3.${region}.amazonaws.com${region.startsWith('cn-') ? '.cn' : ''}`
}

/** A wildcard certificate covers one label only, so names with dots cannot be verified as hosts. */
function fitsHostName(bucket: string, endpoint: URL): boolean {
  if (isIP(endpoint.hostname.replace(/^\[|\]$/g, '')) !== 0) return false
  if (endpoint.protocol === 'https:' && bucket.includes('.')) return false
  return /^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?(?:\.[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?)*$/.test(bucket)
}

/** What S3 calls UriEncode: everything but letters, digits, `-`, `.`, `_` and `~`. */
export function encodePart(text: string): string {
  return encodeURIComponent(text).replace(/[!'()*]/g, (char) => `%${char.charCodeAt(0).toString(16).toUpperCase()}`)
}
