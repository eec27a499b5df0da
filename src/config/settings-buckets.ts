/** One bucket: where it is served, where its objects come from, and what is done to its responses. */

import {
  bucketName,
  corsHeader,
  corsOrigin,
  forwardedHeader,
  headerValue,
  hostName,
  pathPrefix,
  responseHeader,
} from './formats.ts'
import { choice, flag, headerMap, list, number, section, text, wordOr } from './setting.ts'
import { bucketAccess } from './settings-access.ts'
import { bucketCache } from './settings-cache.ts'
import { bucketRateLimit } from './settings-limits.ts'
import { s3 } from './settings-s3.ts'
import { maxTimerSeconds } from './settings-server.ts'

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
