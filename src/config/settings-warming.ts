/** What is brought into the cache before anybody asks for it. */

import { keyPrefix } from './formats.ts'
import { list, number, section, text } from './setting.ts'

const target = {
  bucket: text({ required: true, example: 'products', help: 'The `name` of a bucket.' }),
  prefix: text({
    format: keyPrefix,
    absent: 'all of the bucket',
    example: 'images/',
    help: 'What the keys begin with.',
  }),
}

export const warming = section('Prefetching into the cache. It holds for jobs that administrators start, too.', {
  concurrency: number({ whole: true, default: 10, min: 1, max: 1000, help: 'How many objects are fetched at a time.' }),
  requests_per_second: number({
    default: 100,
    min: 0.001,
    max: 1_000_000,
    help: 'How many requests are made in a second at most.',
  }),
  on_start: list(section('Objects of one bucket.', target), {
    mayBeEmpty: true,
    help: 'What is fetched when the proxy has started.',
  }),
  schedule: list(
    section('Objects of one bucket, again and again.', {
      cron: text({
        required: true,
        example: '"0 4 * * *"',
        help: 'When, in UTC: minute, hour, day of the month, month, day of the week. A sixth field, in front, is the second.',
      }),
      ...target,
    }),
    { mayBeEmpty: true, help: 'What is fetched at given times.' },
  ),
})
