/** Rules within a bucket's `s3`: it is one origin, or replicas of it. */

import type { Report } from './problem.ts'
import { checkBucketInHost, checkCredentials } from './rules-s3.ts'
import type { Settings } from './schema.ts'
import { singleOrigin } from './settings-s3.ts'

type S3 = Settings['buckets'][number]['s3']
type Replica = NonNullable<S3['replicas']>[number]

/**
 * `at`: the path of the section. `requestTimeout`: in seconds. A request that ends first says nothing about the replica that
 * kept it waiting.
 */
export function checkOrigin(s3: S3, at: string, requestTimeout: number, report: Report): void {
  const paths = [`${at}.retry.initial_backoff_ms`, `${at}.retry.max_backoff_ms`] as const
  if (s3.retry.initial_backoff_ms > s3.retry.max_backoff_ms && report.isGiven(paths[0])) {
    report.contradict([...paths], 'must not be above max_backoff_ms (default 1000)')
  }
  const warnOfTimeout = (seconds: number, place: string) => {
    if (seconds < requestTimeout) return
    const why = `not below server.request_timeout_seconds (${requestTimeout})`
    report.warn(`${place}.timeout_seconds`, `is ${why}: an origin that never answers is not found out`)
  }
  if (s3.replicas === undefined) {
    requireOrigin(s3, at, report)
    checkPlace(s3, at, report)
    warnOfTimeout(s3.timeout_seconds, at)
    return
  }
  refuseSingleOrigin(s3, at, report)
  checkRepeats(s3.replicas, 'name', at, report)
  checkRepeats(s3.replicas, 'priority', at, report)
  s3.replicas.forEach((replica, index) => {
    const place = `${at}.replicas[${index}]`
    checkPlace(replica, place, report)
    warnOfTimeout(replica.timeout_seconds ?? s3.timeout_seconds, place)
  })
}

function requireOrigin(s3: S3, at: string, report: Report): void {
  for (const key of ['bucket', 'region'] as const) {
    if (s3[key] === undefined) report.contradict([`${at}.${key}`, `${at}.replicas`], 'is required')
  }
}

/** Whoever gives both may take it for one more replica, or for what replicas inherit. */
function refuseSingleOrigin(s3: Readonly<Record<string, unknown>>, at: string, report: Report): void {
  for (const key of Object.keys(singleOrigin)) {
    if (s3[key] === undefined) continue
    report.contradict([`${at}.${key}`, `${at}.replicas`], 'cannot stand beside replicas, each of which has its own')
  }
}

function checkPlace(place: S3 | Replica, at: string, report: Report): void {
  checkCredentials(place, at, report)
  if (place.bucket !== undefined) {
    checkBucketInHost(place.bucket, place, [`${at}.bucket`, `${at}.endpoint`], report)
  }
}

function checkRepeats(replicas: readonly Replica[], key: 'name' | 'priority', at: string, report: Report): void {
  replicas.forEach((replica, index) => {
    const earlier = replicas.findIndex((other) => other[key] === replica[key])
    const [here, there] = [`${at}.replicas[${index}].${key}`, `${at}.replicas[${earlier}].${key}`] as const
    if (earlier < index) report.contradict([here, there], `repeats ${there}`)
  })
}
