/** Files about who may read. */

import type { AccessConfig } from '../../../src/config/config.ts'
import { configOf } from './parse-yaml.ts'

export const secret = 'x'.repeat(64)
export const key = `algorithm: HS256, secret: ${secret}`

/** Buckets a, b, …, one a line from line 2 on, each with these settings. */
export const buckets = (...settings: readonly string[]) =>
  `buckets:\n${settings
    .map((more, index) => {
      const name = String.fromCharCode(97 + index)
      return `  - { name: ${name}, path_prefix: /${name}, s3: { bucket: b-1, region: r }${more && `, ${more}`} }\n`
    })
    .join('')}`
/** The same below a top-level `jwt` on line 1. */
export const below = (jwt: string, ...settings: readonly string[]) => `jwt: { ${jwt} }\n${buckets(...settings)}`

export const accessOf = (text: string, env = {}): readonly AccessConfig[] =>
  configOf(text, env).buckets.map(({ access }) => access)
