/** A config file and the environment into a `Config`, or into every problem at once. */

import { readFileSync } from 'node:fs'
import type { EpochMs } from '../base/types.ts'
import { moveAliases } from './aliases.ts'
import { openAuthBlocks } from './auth-block.ts'
import { buildConfig } from './build.ts'
import type { Config } from './config.ts'
import { type Described, describeConfig } from './describe.ts'
import { readFiles } from './pem-files.ts'
import { type Problem, Report } from './problem.ts'
import { readSettings } from './reader.ts'
import { checkRules } from './rules.ts'
import { aliasesOf, schema } from './schema.ts'
import type { Environment } from './substitution.ts'
import { parseTree } from './yaml-tree.ts'

export type LoadResult =
  | {
      readonly kind: 'config'
      readonly config: Config
      readonly warnings: readonly Problem[]
      /** What holds, without secrets. */
      readonly described: Described
    }
  | { readonly kind: 'problems'; readonly problems: readonly Problem[] }

/** Never throws: a file that cannot be read is a problem like any other. `now`: for certificates that have expired. */
export function loadConfig(file: string, env: Environment, now?: EpochMs): LoadResult {
  let text: string
  try {
    text = new TextDecoder('utf-8', { fatal: true }).decode(readFileSync(file))
  } catch (error) {
    // Translated: whoever starts the product is told in the same way as for what the file says.
    const message = error instanceof TypeError ? 'is not UTF-8 text' : `cannot be read: ${errorCode(error)}`
    return { kind: 'problems', problems: [{ path: file, message }] }
  }
  return parseConfig(text, env, file, now)
}

/** `fileName` is what problems are told of that belong to no setting. */
export function parseConfig(text: string, env: Environment, fileName = 'config', now?: EpochMs): LoadResult {
  const { tree, problems } = parseTree(text, fileName)
  if (tree === undefined) return { kind: 'problems', problems }
  const report = new Report()
  for (const problem of problems) report.add(problem)
  openAuthBlocks(tree, report)
  moveAliases(tree, aliasesOf(schema), report)
  const settings = readSettings(schema, tree, env, report)
  checkRules(settings, report)
  const files = readFiles(settings, now, report)
  if (report.problems.length > 0) return { kind: 'problems', problems: report.problems }
  const config = buildConfig(settings, files)
  return { kind: 'config', config, warnings: report.warnings, described: describeConfig(settings) }
}

function errorCode(error: unknown): string {
  if (!(error instanceof Error)) return 'unknown error'
  return 'code' in error ? String(error.code) : error.message
}
