// biome-ignore-all lint/suspicious/noTemplateCurlyInString: `${…}` is what config files hold
/** An S3 server and who we are to it: the origin of a bucket, and where the audit log is exported to. */

import { bucketName, credential, endpointUrl, s3Bucket, s3Region } from './formats.ts'
import { flag, inherited, number, optionalList, section, text } from './setting.ts'
import { maxTimerSeconds } from './settings-server.ts'

const region = { format: s3Region, example: 'us-east-1', help: 'Its region; part of every signature.' }

/** What it takes to reach a server, apart from what is kept there. */
export const s3Access = {
  region: text({ required: true, ...region }),
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

const bucket = { format: s3Bucket, example: 'my-products', help: 'The name of the S3 bucket.' }
const anonymous = flag({ absent: '`false`', example: 'false', help: 'Send requests unsigned. Excludes keys.' })
const unlessReplicas = '**required** without `replicas`'

/** What `replicas` take the place of. */
export const singleOrigin = {
  bucket: text({ absent: unlessReplicas, ...bucket }),
  ...s3Access,
  region: text({ absent: unlessReplicas, ...region }),
  anonymous,
}

const connection = {
  connection_pool_size: number({
    whole: true,
    default: 50,
    min: 1,
    max: 10_000,
    help: 'The most connections to the origin. Divided among the threads of `server.workers`, one for each at least.',
  }),
  timeout_seconds: number({
    unit: 'seconds',
    default: 20,
    min: 0.001,
    max: maxTimerSeconds,
    help: 'To connect, for the first byte and between bytes, each per attempt.',
  }),
}

const replica = section('One place where all objects of the bucket are.', {
  name: text({
    required: true,
    format: bucketName,
    example: 'primary',
    help: 'Its name in metrics and logs, unique within the bucket.',
  }),
  priority: number({
    required: true,
    whole: true,
    min: 1,
    max: 1_000_000,
    example: '1',
    help: 'The replica with the lowest one is asked first, the next one when that fails. No two have the same.',
  }),
  bucket: text({ required: true, ...bucket }),
  ...s3Access,
  anonymous,
  ...inherited('buckets[].s3', connection),
})

const retry = section('Attempts before the first byte of an answer.', {
  max_attempts: number({
    whole: true,
    default: 3,
    min: 1,
    max: 100,
    help: 'How many in all, the first one included; of replicas that work, each is asked once at least.',
  }),
  initial_backoff_ms: number({
    unit: 'milliseconds',
    default: 100,
    min: 0,
    max: 3_600_000,
    help: 'The wait before the second attempt; it doubles from then on.',
  }),
  max_backoff_ms: number({ unit: 'milliseconds', default: 1000, min: 0, max: 3_600_000, help: 'The longest wait.' }),
})

const hedging = section(
  'A second request when the first takes longer than 95 % of those before it did. The first answer is used.',
  {
    enabled: flag({ default: false, help: 'Whether there is one.' }),
    budget: number({
      default: 0.05,
      min: 0.001,
      max: 1,
      help: 'The most of them in ten seconds, as a part of the requests to the origin; one more is always allowed.',
    }),
  },
)

const circuitBreaker = section('When to leave an origin, or one of its replicas, alone.', {
  failure_threshold: number({
    whole: true,
    default: 5,
    min: 1,
    max: 1_000_000,
    help: 'So many failures in a row open the breaker. A status of 4xx is none.',
  }),
  success_threshold: number({
    whole: true,
    default: 2,
    min: 1,
    max: 1_000_000,
    help: 'So many successes while half-open close it.',
  }),
  timeout_seconds: number({
    unit: 'seconds',
    default: 30,
    min: 0.001,
    max: maxTimerSeconds,
    help: 'How long it stays open before requests try again, half-open. A probe every 5 seconds may close it sooner.',
  }),
  half_open_max_requests: number({
    whole: true,
    default: 3,
    min: 1,
    max: 1_000_000,
    help: 'How many may try at a time while half-open.',
  }),
})

export const s3 = section(
  'The origin.',
  {
    ...singleOrigin,
    replicas: optionalList(replica, {
      mayBeEmpty: false,
      absent: 'one origin',
      help: 'Several origins that hold the same objects, in place of the settings of a single one.',
    }),
    ...connection,
    retry,
    hedging,
    circuit_breaker: circuitBreaker,
  },
  { required: true, alternatives: [['bucket', 'region'], ['replicas']] },
)
