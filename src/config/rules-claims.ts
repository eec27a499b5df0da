/** Rules within each rule about a claim: the value is one that its operator can compare with. */

import { type ClaimRule, claimRuleProblem } from '../access/claim-rules.ts'
import type { Report } from './problem.ts'
import type { Settings } from './schema.ts'

type ClaimSettings = Settings['jwt']['claims'][number]

/** No list at all reads as an empty one, which no operator wants. */
export function claimRuleOf({ claim, operator, value }: ClaimSettings): ClaimRule {
  return { claim, operator, value: Array.isArray(value) && value.length === 0 ? undefined : value }
}

export function checkClaims(rules: readonly ClaimSettings[], at: string, report: Report): void {
  rules.forEach((rule, index) => {
    const path = `${at}[${index}]`
    const problem = claimRuleProblem(claimRuleOf(rule))
    if (problem !== undefined) report.contradict([`${path}.value`, `${path}.operator`, `${path}.claim`], problem)
  })
}
