import type { Random } from '../../src/base/random.ts'
import type { RequestId } from '../../src/base/types.ts'

/** Gives the floats listed, over and over, and request ids that count up from 1. */
export function createFakeRandom(floats: readonly number[] = [0.5]): Random {
  let drawn = 0
  let ids = 0
  return {
    float() {
      const value = floats[drawn % floats.length] ?? 0.5
      drawn += 1
      return value
    },
    requestId() {
      ids += 1
      return `00000000-0000-4000-8000-${String(ids).padStart(12, '0')}` as RequestId
    },
  }
}
