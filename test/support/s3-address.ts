/** Where the suite's S3 server is and who may use it; the one a developer brings is told by environment. */

export interface S3Address {
  readonly endpoint: string
  readonly region: string
  readonly accessKeyId: string
  readonly secretAccessKey: string
  /** Another user of the same server, who may not read what the first one owns. Absent: the server has none. */
  readonly altAccessKeyId?: string
  readonly altSecretAccessKey?: string
}

export function s3FromEnvironment(env: NodeJS.ProcessEnv): S3Address | undefined {
  const endpoint = env['S3_TEST_ENDPOINT']
  if (!endpoint) return undefined
  const [accessKeyId, secretAccessKey] = [env['S3_TEST_ACCESS_KEY'], env['S3_TEST_SECRET_KEY']]
  if (!accessKeyId || !secretAccessKey) {
    throw new Error('S3_TEST_ENDPOINT needs S3_TEST_ACCESS_KEY and S3_TEST_SECRET_KEY beside it')
  }
  const [altAccessKeyId, altSecretAccessKey] = [env['S3_TEST_ALT_ACCESS_KEY'], env['S3_TEST_ALT_SECRET_KEY']]
  const alt = altAccessKeyId && altSecretAccessKey ? { altAccessKeyId, altSecretAccessKey } : {}
  return { endpoint, region: env['S3_TEST_REGION'] || 'us-east-1', accessKeyId, secretAccessKey, ...alt }
}

/** The other direction: what tells a test process where the server is. */
export function s3ToEnvironment(address: S3Address): Record<string, string> {
  return {
    S3_TEST_ENDPOINT: address.endpoint,
    S3_TEST_REGION: address.region,
    S3_TEST_ACCESS_KEY: address.accessKeyId,
    S3_TEST_SECRET_KEY: address.secretAccessKey,
    S3_TEST_ALT_ACCESS_KEY: address.altAccessKeyId ?? '',
    S3_TEST_ALT_SECRET_KEY: address.altSecretAccessKey ?? '',
  }
}
