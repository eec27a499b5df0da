/** Rules between the settings that reach an S3 server: those of a bucket's origin, and of the export of the audit log. */

import { dnsBucket } from './formats.ts'
import type { Report } from './problem.ts'
import type { Settings } from './schema.ts'

type S3 = NonNullable<Settings['buckets'][number]['s3']['replicas']>[number]
type Keys = Pick<S3, 'access_key' | 'secret_key' | 'session_token'>
type Reached = Pick<S3, 'endpoint' | 'force_path_style'>

/** `at`: the path of the section that holds them. */
export function checkCredentials(
  s3: Keys & { readonly anonymous?: boolean | undefined },
  at: string,
  report: Report,
): void {
  const [accessKey, secretKey, token] = [`${at}.access_key`, `${at}.secret_key`, `${at}.session_token`] as const
  const hasAccess = s3.access_key !== undefined
  const hasSecret = s3.secret_key !== undefined
  if (s3.anonymous && (hasAccess || hasSecret || s3.session_token !== undefined)) {
    report.contradict(
      [`${at}.anonymous`, accessKey, secretKey, token],
      'excludes access_key, secret_key and session_token',
    )
    return
  }
  if (hasAccess && !hasSecret) report.contradict([accessKey, secretKey], 'needs secret_key beside it')
  if (hasSecret && !hasAccess) report.contradict([secretKey, accessKey], 'needs access_key beside it')
  if (s3.session_token !== undefined && !hasAccess && !hasSecret) {
    report.contradict([token, accessKey, secretKey], 'needs access_key and secret_key beside it')
  }
}

/** `paths`: those of the bucket's name and of its endpoint. */
export function checkBucketInHost(bucket: string, s3: Reached, paths: readonly [string, string], report: Report): void {
  if (isPathStyle(s3) || dnsBucket.test(bucket)) return
  report.contradict([...paths], 'cannot be part of a host name; set force_path_style: true')
}

export function isPathStyle(s3: Reached): boolean {
  return s3.force_path_style ?? s3.endpoint !== undefined
}
