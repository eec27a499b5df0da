/** `npm run docs`: writes every file that comes from the settings table. */

import { writeFileSync } from 'node:fs'
import { configurationPage } from './generate-docs.ts'
import { exampleFile } from './generate-example.ts'
import { jsonSchema } from './generate-schema.ts'

/** Paths from the top of the repository, with what they hold. */
export function generatedFiles(): ReadonlyMap<string, string> {
  return new Map([
    ['docs/configuration.md', configurationPage()],
    ['config/schema.json', jsonSchema()],
    ['config/example.yaml', exampleFile()],
  ])
}

if (import.meta.main) {
  for (const [file, text] of generatedFiles()) writeFileSync(new URL(`../../${file}`, import.meta.url), text)
}
