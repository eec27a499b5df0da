/** The chaos suite, shortened: `npm run test:chaos` is the whole of it. */
import { test } from 'node:test'
import { endure, endureRandom } from '../chaos/chaos.ts'
import { troubles } from '../chaos/troubles.ts'

const shortly = ['s3 is down', 's3 answers 500 and 503 to all', 'redis is frozen', 'disk is full']

test(`${shortly.join(', ')}: every byte is right, and so is everything afterwards`, async (t) => {
  const list = troubles.filter(({ name }) => shortly.includes(name))
  await endure(t, list, 2)
})

test('troubles one after the other and together: every byte is right, and so is everything afterwards', async (t) => {
  await endureRandom(t, Number(process.env['CHAOS_SEED'] ?? 20261120), 8)
})
