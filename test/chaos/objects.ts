/** What lies in S3 while things break: few enough to be warm, too many for memory, some of several slices. */
import { expectedBytes } from '../support/synthetic-bytes.ts'

export interface ChaosObject {
  readonly key: string
  readonly size: number
  readonly seed: number
}

const KiB = 1024
const sizes = [
  0,
  1,
  700,
  8 * KiB,
  64 * KiB,
  65 * KiB,
  300 * KiB,
  700 * KiB,
  1024 * KiB,
  1025 * KiB,
  2500 * KiB,
  5000 * KiB,
]

export const objects: readonly ChaosObject[] = sizes.map((size, index) => ({
  key: `objects/${index}-of-${size}`,
  size,
  seed: index + 1,
}))

const contents = new Map<ChaosObject, Buffer>()

/** Kept, since every answer is compared with it. */
export function contentOf(object: ChaosObject): Buffer {
  const known = contents.get(object)
  if (known !== undefined) return known
  const made = Buffer.from(expectedBytes(object.seed, 0, object.size))
  contents.set(object, made)
  return made
}
