import assert from 'node:assert/strict'
import type { Config, ReplicaSettings } from '../../../src/config/config.ts'
import { type LoadResult, parseConfig } from '../../../src/config/load.ts'
import { formatProblem } from '../../../src/config/problem.ts'

type Environment = Readonly<Record<string, string | undefined>>

/** The least a bucket needs, for files that are about something else. */
export const oneBucket = `
buckets:
  - name: products
    path_prefix: /products
    s3: { bucket: my-products, region: us-east-1 }
`.trimStart()

/** Problems as `check` prints them. */
export function problemsOf(text: string, env: Environment = {}): readonly string[] {
  const result = parseConfig(text, env, 'test.yaml')
  return result.kind === 'problems' ? result.problems.map(formatProblem) : []
}

export function configOf(text: string, env: Environment = {}): Config {
  return loadedOf(text, env).config
}

/** The only origin of the first bucket. */
export function originOf(text: string, env: Environment = {}): ReplicaSettings {
  const [origin, ...more] = configOf(text, env).buckets[0]?.s3.replicas ?? []
  assert.ok(origin !== undefined && more.length === 0)
  return origin
}

export function warningsOf(text: string, env: Environment = {}): readonly string[] {
  return loadedOf(text, env).warnings.map(formatProblem)
}

function loadedOf(text: string, env: Environment): Extract<LoadResult, { kind: 'config' }> {
  const result = parseConfig(text, env, 'test.yaml')
  assert.deepEqual(result.kind === 'problems' ? result.problems.map(formatProblem) : [], [])
  assert.equal(result.kind, 'config')
  return result
}
