/** How often clients may ask: of the proxy, and of one bucket. */

import { choice, flag, number, optionalSection, section } from './setting.ts'

function rate(help: string) {
  return optionalSection(help, {
    requests_per_second: number({
      required: true,
      min: 0.00001,
      max: 10_000_000,
      example: '100',
      help: 'How many in the long run. A fraction is fine: 0.1 is one every ten seconds.',
    }),
    burst_size: number({
      whole: true,
      min: 1,
      max: 100_000_000,
      absent: '`requests_per_second`, rounded up',
      example: '200',
      help: 'How many may come at once after a quiet time.',
    }),
  })
}

const rates = {
  global: rate('All requests together.'),
  per_ip: rate('The requests of each client address, of each /64 with IPv6.'),
  per_user: rate('The requests of each user, as verified tokens name them.'),
}

export const rateLimiting = section('Rate limits of the whole proxy.', {
  enabled: flag({ default: false, help: 'Whether they hold. A `rate_limit` of a bucket holds in any case.' }),
  backend: choice({
    values: ['local', 'redis'],
    default: 'local',
    help: 'Where requests are counted: by each process, or by all together in the Redis of `cache.redis`, whose tier may be off.',
  }),
  algorithm: choice({
    values: ['token_bucket', 'sliding_window'],
    default: 'token_bucket',
    help: 'How they are counted, for the limits of buckets too.',
  }),
  window_seconds: number({
    unit: 'seconds',
    default: 1,
    min: 0.001,
    max: 86_400,
    help: 'The length of the sliding window.',
  }),
  ...rates,
})

export const bucketRateLimit = optionalSection('Rate limits of this bucket, beside those of the proxy.', {
  ...rates,
  global: rate('All requests for this bucket.'),
})
