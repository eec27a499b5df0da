import { FillBudget } from '../../src/objects/fill-budget.ts'

/** More memory than any test fills. */
export const plentyToFill = () => new FillBudget(Number.MAX_SAFE_INTEGER, ['b'])
