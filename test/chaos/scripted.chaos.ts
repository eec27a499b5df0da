/** Each trouble alone: no wrong byte, nothing that was read before is missed, and all well within 10 s of its end. */
import { test } from 'node:test'
import { endure } from './chaos.ts'
import { troubles } from './troubles.ts'

const seconds = Number(process.env['CHAOS_SECONDS'] ?? 10)

for (const trouble of troubles) {
  test(`${trouble.name} for ${seconds} s: every byte is right, and so is everything afterwards`, async (t) => {
    await endure(t, [trouble], seconds)
  })
}
