/** What a verified token has to say for its bearer to be let through. */

import { RE2JS } from 're2js'
import { claimFinder } from './claim-path.ts'

export const claimOperators = [
  'equals',
  'not_equals',
  'in',
  'not_in',
  'contains',
  'exists',
  'gt',
  'gte',
  'lt',
  'lte',
  'matches',
] as const

export type ClaimOperator = (typeof claimOperators)[number]

export interface ClaimRule {
  /** A dotted path, such as `realm_access.roles`. */
  readonly claim: string
  readonly operator: ClaimOperator
  /** Undefined where the operator wants none. */
  readonly value: ClaimValue | readonly ClaimValue[] | undefined
}

export type ClaimValue = string | number | boolean

/** Whether a rule holds for what its claim says; undefined when there is no such claim. */
type Judge = (claim: unknown) => boolean

/**
 * Longer texts match no pattern. Patterns are RE2's, which take time in proportion to the text: JavaScript's own needs
 * minutes for `^(a+)+$` and a name of thirty letters, which users can pick.
 */
const maxMatchedLength = 1024

/**
 * Gives the first rule that does not hold; undefined when all do. Nothing is converted: the text `"1"` is not the number
 * 1. A claim that is not there holds for `exists: false` alone, not even for `not_equals` and `not_in`. A list is `in`
 * when any of its elements is, and `not_in` when none is. Throws for a rule that has a `claimRuleProblem`.
 */
export function compileClaimRules(
  rules: readonly ClaimRule[],
): (claims: Readonly<Record<string, unknown>>) => ClaimRule | undefined {
  const compiled = rules.map((rule) => {
    const problem = claimRuleProblem(rule)
    if (problem !== undefined) throw new Error(`claim ${rule.claim}: ${problem}`)
    return { rule, find: claimFinder(rule.claim), holds: judgeFor(rule) }
  })
  return (claims) => compiled.find(({ find, holds }) => !holds(find(claims)))?.rule
}

/** Why a rule can't be judged; undefined when it can. */
export function claimRuleProblem({ claim, operator, value }: ClaimRule): string | undefined {
  if (claim === '') return 'a claim needs a name'
  const { fits, what } = wantedBy[operator]
  if (!fits(value)) return `${operator} needs ${what}`
  return operator === 'matches' ? patternProblem(String(value)) : undefined
}

interface Wanted {
  fits(value: ClaimRule['value']): boolean
  readonly what: string
}

const scalar: Wanted = { fits: isScalar, what: 'a text, a number or a boolean' }
const number: Wanted = { fits: Number.isFinite, what: 'a number' }
const list: Wanted = {
  fits: (value) => Array.isArray(value) && value.length > 0 && value.every(isScalar),
  what: 'a list of texts, numbers or booleans that is not empty',
}

const wantedBy: Readonly<Record<ClaimOperator, Wanted>> = {
  equals: scalar,
  not_equals: scalar,
  in: list,
  not_in: list,
  // Every text contains the empty one.
  contains: {
    fits: (value) => isScalar(value) && value !== '',
    what: 'a text that is not empty, a number or a boolean',
  },
  exists: { fits: (value) => value === undefined || typeof value === 'boolean', what: 'true, false or nothing' },
  gt: number,
  gte: number,
  lt: number,
  lte: number,
  matches: { fits: (value) => typeof value === 'string', what: 'a regular expression' },
}

function patternProblem(pattern: string): string | undefined {
  try {
    RE2JS.compile(pattern)
    return undefined
  } catch (error) {
    // Translated: whoever wrote the pattern is told what is wrong with it.
    return `not a regular expression that can be used here: ${error instanceof Error ? error.message : error}`
  }
}

function judgeFor({ operator, value }: ClaimRule): Judge {
  switch (operator) {
    case 'equals':
      return (claim) => claim === value
    case 'not_equals':
      return (claim) => isScalar(claim) && claim !== value
    case 'in':
      return (claim) => elementsOf(claim).some((element) => elementsOf(value).includes(element))
    case 'not_in':
      // An element that is no scalar can't be compared: nobody knows whether it is one of those ruled out.
      return (claim) => elementsOf(claim).every((element) => isScalar(element) && !elementsOf(value).includes(element))
    case 'contains':
      return (claim) =>
        typeof claim === 'string'
          ? typeof value === 'string' && claim.includes(value)
          : Array.isArray(claim) && claim.includes(value)
    case 'exists':
      return (claim) => (claim !== undefined) === (value ?? true)
    case 'matches': {
      const pattern = RE2JS.compile(String(value))
      return (claim) => typeof claim === 'string' && claim.length <= maxMatchedLength && pattern.test(claim)
    }
    default:
      return comparison(operator, Number(value))
  }
}

function comparison(operator: 'gt' | 'gte' | 'lt' | 'lte', bound: number): Judge {
  const number = (judge: (claim: number) => boolean): Judge => {
    // JSON's 1e999 is read as Infinity, which would be above every bound.
    return (claim) => typeof claim === 'number' && Number.isFinite(claim) && judge(claim)
  }
  switch (operator) {
    case 'gt':
      return number((claim) => claim > bound)
    case 'gte':
      return number((claim) => claim >= bound)
    case 'lt':
      return number((claim) => claim < bound)
    case 'lte':
      return number((claim) => claim <= bound)
  }
}

function isScalar(value: unknown): value is ClaimValue {
  return typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean'
}

function elementsOf(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [value]
}
