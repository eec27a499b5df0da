import type { Random } from '../base/random.ts'

const firstMs = 25
const longestMs = 1000

/** How long to wait before connecting again: soon at first, so that a lone hiccup fits into one operation's time. */
export function backoffMs(attempts: number, random: Random): number {
  const full = Math.min(longestMs, firstMs * 2 ** Math.min(attempts, 16))
  // Half of it is chance, so that many proxies do not knock at a Redis that has come back all at once.
  return full * (0.5 + random.float() / 2)
}
