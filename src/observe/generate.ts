/** `npm run docs`: writes the pages that come from the tables of errors and metrics. */

import { writeFileSync } from 'node:fs'
import { errorsPage } from './generate-errors.ts'
import { metricsPage } from './generate-metrics.ts'

/** Paths from the top of the repository, with what they hold. */
export function generatedPages(): ReadonlyMap<string, string> {
  return new Map([
    ['docs/errors.md', errorsPage()],
    ['docs/metrics.md', metricsPage()],
  ])
}

if (import.meta.main) {
  for (const [file, text] of generatedPages()) writeFileSync(new URL(`../../${file}`, import.meta.url), text)
}
