// biome-ignore-all lint/suspicious/noTemplateCurlyInString: `${…}` is what config files hold
/** An S3 server and who we are to it: the origin of a bucket, and where the audit log is exported to. */

import { credential, endpointUrl, s3Bucket, s3Region } from './formats.ts'
import { flag, number, section, text } from './setting.ts'
import { maxTimerSeconds } from './settings-server.ts'

/** What it takes to reach a server, apart from what is kept there. */
export const s3Access = {
  region: text({
    required: true,
    format: s3Region,
    example: 'us-east-1',
    help: 'Its region; part of every signature.',
  }),
  endpoint: text({
    format: endpointUrl,
    absent: 'AWS',
    example: 'https://s3.example.com:9000',
    help: 'Scheme, host and port of an S3-compatible server.',
  }),
  access_key: text({
    format: credential,
    absent: 'the AWS default credential chain',
    example: '${AWS_ACCESS_KEY_ID}',
    help: 'The access key id. Goes with `secret_key`.',
  }),
  secret_key: text({
    format: credential,
    secret: 'all',
    example: '${AWS_SECRET_ACCESS_KEY}',
    help: 'The secret access key.',
  }),
  session_token: text({
    format: credential,
    secret: 'all',
    example: '${AWS_SESSION_TOKEN:-}',
    help: 'For temporary keys.',
  }),
  force_path_style: flag({
    absent: 'on when `endpoint` is set',
    example: 'true',
    help: 'Put the bucket into the path rather than the host name.',
  }),
}

const retry = section('Attempts before the first byte of an answer.', {
  max_attempts: number({ whole: true, default: 3, min: 1, max: 100, help: 'How many in all, the first one included.' }),
  initial_backoff_ms: number({
    unit: 'milliseconds',
    default: 100,
    min: 0,
    max: 3_600_000,
    help: 'The wait before the second attempt; it doubles from then on.',
  }),
  max_backoff_ms: number({ unit: 'milliseconds', default: 1000, min: 0, max: 3_600_000, help: 'The longest wait.' }),
})

export const s3 = section(
  'The origin.',
  {
    bucket: text({ required: true, format: s3Bucket, example: 'my-products', help: 'The name of the S3 bucket.' }),
    ...s3Access,
    anonymous: flag({ default: false, help: 'Send requests unsigned. Excludes keys.' }),
    connection_pool_size: number({
      whole: true,
      default: 50,
      min: 1,
      max: 10_000,
      help: 'The most connections to the origin.',
    }),
    timeout_seconds: number({
      unit: 'seconds',
      default: 20,
      min: 0.001,
      max: maxTimerSeconds,
      help: 'To connect, for the first byte and between bytes, each per attempt.',
    }),
    retry,
  },
  { required: true },
)
