/** What is cached, where, and for how long: for all buckets, and as overrides of one. */

import { headerValue, queryName } from './formats.ts'
import { choice, flag, inherited, list, number, section, size, text, wordOr } from './setting.ts'
import { redis } from './settings-redis.ts'

// RFC 9111 §1.2.2: the largest delta-seconds every recipient can hold.
const maxSeconds = 2_147_483_647
const maxMegabytes = 1_048_576 * 16
// No megabyte at all would mean a tier that declines everything; one byte is the least that is a size.
const oneByte = 1 / 1_048_576

const ttl = number({ unit: 'seconds', min: 0, max: maxSeconds, help: 'Seconds.' })
const ttlHelp =
  'How long an answer without freshness of its own stays fresh. 0: for good. `origin`: only what the origin says, with the heuristic of RFC 9111 §4.2.2.'

const freshness = {
  respect_origin: flag({
    default: true,
    help: "Whether the origin's own freshness counts. `false` ignores it, but never its `no-store` and `private`.",
  }),
  request_directives: choice({
    values: ['honour', 'ignore'],
    default: 'honour',
    help: "Whether a request's `Cache-Control` counts.",
  }),
  stale_while_revalidate_seconds: number({
    unit: 'seconds',
    default: 0,
    min: 0,
    max: maxSeconds,
    help: 'How long after its freshness an answer is still served while a fresh one is fetched.',
  }),
  stale_if_error_seconds: number({
    unit: 'seconds',
    default: 0,
    min: 0,
    max: maxSeconds,
    help: 'How long after its freshness an answer is still served when the origin fails.',
  }),
  negative_ttl_seconds: number({
    unit: 'seconds',
    default: 10,
    min: 0,
    max: maxSeconds,
    help: 'How long a 404 is remembered.',
  }),
  revalidate: choice({
    values: ['ttl', 'always'],
    default: 'ttl',
    help: 'When a hit is confirmed with the origin: once it is stale, or always.',
  }),
}

const memory = section('The memory tier.', {
  max_item_size_mb: size({
    unit: 'megabytes',
    default: 10,
    min: oneByte,
    max: maxMegabytes,
    help: 'The largest object it keeps. Parts of larger ones live there while somebody reads them.',
  }),
  max_cache_size_mb: size({
    unit: 'megabytes',
    default: 1024,
    min: oneByte,
    max: maxMegabytes,
    help: 'The most it holds, metadata included.',
  }),
  eviction: choice({ values: ['s3gd', 'lru'], default: 's3gd', help: 'What goes first when it is full.' }),
  default_ttl_seconds: wordOr(['origin'], ttl, { default: 3600, help: ttlHelp }),
})

const disk = section('The disk tier.', {
  enabled: flag({ default: false, help: 'Whether it is used; `cache_layers` lists it then.' }),
  cache_dir: text({
    refusesEmpty: true,
    default: '/var/cache/yatagarasu',
    help: 'The folder of its files, which belongs to one process alone. Made when missing; folders get mode 0700, files 0600.',
  }),
  max_disk_cache_size_mb: size({
    unit: 'megabytes',
    default: 10_240,
    min: 1,
    max: maxMegabytes * 64,
    help: 'The most disk it takes, in allocated blocks.',
  }),
})

export const cache = section('The cache, for all buckets. A bucket overrides it key by key.', {
  enabled: flag({ default: false, example: 'true', help: 'Whether answers are cached.' }),
  cache_layers: list(choice({ values: ['memory', 'disk', 'redis'], help: 'The name of a tier.' }), {
    default: ['memory'],
    mayBeEmpty: true,
    help: 'The tiers, in the order they are asked: the fastest first.',
  }),
  memory,
  disk,
  redis,
  ...freshness,
})

export const bucketCache = section('Overrides of `cache` for this bucket.', {
  ...inherited('cache', {
    enabled: flag({ default: false, example: 'true', help: 'Whether its answers are cached.' }),
  }),
  ttl_seconds: wordOr(['origin'], ttl, {
    absent: 'as `cache.memory.default_ttl_seconds`',
    example: '7200',
    help: ttlHelp,
  }),
  max_item_size_mb: size({
    unit: 'megabytes',
    min: oneByte,
    max: maxMegabytes,
    absent: 'no bound but those of the tiers',
    example: '5',
    help: 'The largest object that is cached in any tier.',
  }),
  ...inherited('cache', freshness),
  query: wordOr(
    ['ignore', 'all'],
    section('The parameters that are kept.', {
      include: list(text({ format: queryName, help: 'The name of a parameter.' }), {
        required: true,
        mayBeEmpty: false,
        example: '[v]',
        help: 'Their names.',
      }),
    }),
    {
      default: 'ignore',
      help: "What of a request's query is part of the cache key and goes to the origin: nothing (`ignore`), everything (`all`), or the parameters that `include` lists. S3's own parameters never reach S3.",
    },
  ),
  downstream_cache_control: text({
    format: headerValue,
    absent: 'what the origin says',
    example: 'public, max-age=60',
    help: 'What clients are told in `Cache-Control`.',
  }),
})
