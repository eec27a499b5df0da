/** Claims that satisfy rules, for tokens to try things out with. */

import { claimFinder } from '../access/claim-path.ts'
import { type ClaimRule, compileClaimRules } from '../access/claim-rules.ts'

/** Adds what the rules ask for and the claims do not say yet. Gives a rule that does not hold even so. */
export function satisfyClaims(rules: readonly ClaimRule[], claims: Record<string, unknown>): ClaimRule | undefined {
  for (const [path, own] of Map.groupBy(rules, ({ claim }) => claim)) {
    if (claimFinder(path)(claims) !== undefined) continue
    const holds = compileClaimRules(own)
    const isEnough = (value: unknown) => {
      const trial = {}
      setClaim(trial, path, value)
      return holds(trial) === undefined
    }
    const value = candidates(own).find(isEnough)
    if (value !== undefined) setClaim(claims, path, value)
  }
  return compileClaimRules(rules)(claims)
}

/** Values that could be what the rules for one claim want; the plainest first. */
function candidates(rules: readonly ClaimRule[]): readonly unknown[] {
  const named = rules.flatMap(({ value }) => value ?? [])
  const numbers = named.filter((value) => typeof value === 'number').toSorted((a, b) => a - b)
  const between = numbers.slice(1).map((number, index) => ((numbers[index] ?? number) + number) / 2)
  const nearby = numbers.flatMap((number) => [number + 1, number - 1])
  const contained = rules.flatMap(({ operator, value }) => (operator === 'contains' ? (value ?? []) : []))
  return [...named, ...(contained.length > 0 ? [contained] : []), ...between, ...nearby, 'token', true, 1]
}

/** `path`: dotted, each step an object in the one before; what stands in the way is replaced. */
export function setClaim(claims: Record<string, unknown>, path: string, value: unknown): void {
  const steps = path.split('.')
  const last = steps.pop() ?? ''
  let place = claims
  for (const step of steps) {
    const next = Object.hasOwn(place, step) ? place[step] : undefined
    const inner = typeof next === 'object' && next !== null ? (next as Record<string, unknown>) : {}
    define(place, step, inner)
    place = inner
  }
  define(place, last, value)
}

/** As an own property, whatever its name. */
function define(place: Record<string, unknown>, name: string, value: unknown): void {
  Object.defineProperty(place, name, { value, enumerable: true, writable: true, configurable: true })
}
