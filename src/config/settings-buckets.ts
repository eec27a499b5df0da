// biome-ignore-all lint/suspicious/noTemplateCurlyInString: `${…}` is what config files hold
/** One bucket: where it is served, where its objects come from, and what is done to its responses. */

import {
  bucketName,
  corsHeader,
  corsOrigin,
  credential,
  endpointUrl,
  forwardedHeader,
  headerValue,
  hostName,
  pathPrefix,
  responseHeader,
  s3Bucket,
  s3Region,
} from './formats.ts'
import { choice, flag, headerMap, list, number, section, text, wordOr } from './setting.ts'
import { bucketAccess } from './settings-access.ts'
import { bucketCache } from './settings-cache.ts'
import { bucketRateLimit } from './settings-limits.ts'
import { maxTimerSeconds } from './settings-server.ts'

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

const s3 = section(
  'The origin.',
  {
    bucket: text({ required: true, format: s3Bucket, example: 'my-products', help: 'The name of the S3 bucket.' }),
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
      example: '${AWS_SECRET_ACCESS_KEY}',
      help: 'The secret access key.',
    }),
    session_token: text({
      format: credential,
      example: '${AWS_SESSION_TOKEN:-}',
      help: 'For temporary keys.',
    }),
    anonymous: flag({ default: false, help: 'Send requests unsigned. Excludes keys.' }),
    force_path_style: flag({
      absent: 'on when `endpoint` is set',
      example: 'true',
      help: 'Put the bucket into the path rather than the host name.',
    }),
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

const corsHeaderItem = text({ format: corsHeader, help: 'The name of a header field, or `*`.' })

const corsRules = section('CORS, answered by the proxy.', {
  allowed_origins: list(text({ format: corsOrigin, help: 'An origin, or `*`.' }), {
    required: true,
    mayBeEmpty: false,
    example: '["https://app.example.com"]',
    help: 'Origins whose pages may read the answers, or `*`.',
  }),
  allowed_methods: list(
    choice({ values: ['GET', 'HEAD', 'OPTIONS'], help: 'One of the methods this proxy answers.' }),
    { default: ['GET', 'HEAD', 'OPTIONS'], mayBeEmpty: false, help: 'Methods such a page may use.' },
  ),
  allowed_headers: list(corsHeaderItem, {
    mayBeEmpty: true,
    example: '[Range]',
    help: 'Request headers such a page may send.',
  }),
  exposed_headers: list(corsHeaderItem, {
    mayBeEmpty: true,
    example: '[ETag]',
    help: 'Response headers such a page may read.',
  }),
  max_age_seconds: number({
    whole: true,
    unit: 'seconds',
    min: 0,
    max: maxTimerSeconds,
    absent: 'browsers decide',
    example: '600',
    help: 'How long browsers may remember a preflight.',
  }),
  allow_credentials: flag({
    default: false,
    help: 'Whether such a page may send cookies and `Authorization`. Excludes the origin `*`.',
  }),
})

const headers = section('Header fields that are put in, taken out and passed on.', {
  add: headerMap({
    name: responseHeader,
    value: headerValue,
    absent: 'none',
    example: '{ X-Content-Type-Options: nosniff }',
    help: 'Fields put on responses, each with its value.',
  }),
  remove: list(text({ format: responseHeader, help: 'The name of a header field.' }), {
    mayBeEmpty: true,
    example: '[x-amz-meta-owner]',
    help: 'Fields of the origin that responses do not carry.',
  }),
  forward: list(text({ format: forwardedHeader, help: 'The name of a header field.' }), {
    mayBeEmpty: true,
    example: '[Accept-Language]',
    help: 'Request fields that the origin may see.',
  }),
})

const bucket = section('One bucket.', {
  name: text({
    required: true,
    format: bucketName,
    example: 'products',
    help: 'Its name in metrics, logs and cache keys; unique.',
  }),
  path_prefix: text({
    required: true,
    format: pathPrefix,
    example: '/products',
    help: 'Where it is served. The longest prefix of a path wins, at segment boundaries; `/` takes what is left.',
  }),
  hosts: list(text({ format: hostName, help: 'A host name.' }), {
    mayBeEmpty: true,
    absent: 'any host',
    example: '[assets.example.com]',
    help: 'Host names it is served for. They are tried before buckets without any.',
  }),
  s3,
  ...bucketAccess,
  rate_limit: bucketRateLimit,
  cache: bucketCache,
  cors: wordOr(['passthrough'], corsRules, {
    absent: 'no CORS',
    help: '`passthrough`: `Origin` and preflights go to S3. Or a section: the proxy answers.',
  }),
  headers,
})

export const buckets = list(bucket, { required: true, mayBeEmpty: false, help: 'The buckets that are served.' })
