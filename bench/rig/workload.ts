/** Which objects are asked for, in which order: the same for the same seed. */
import { type BenchObject, benchObject, seededRandom } from './object-content.ts'

export type Workload = Unique | Zipf

/** Each object once, numbered from `from` on. */
export interface Unique {
  readonly kind: 'unique'
  readonly size: number
  readonly from: number
}

/** Object number n is asked for with a probability in proportion to 1 / n ** exponent. */
export interface Zipf {
  readonly kind: 'zipf'
  readonly size: number
  readonly objects: number
  readonly exponent: number
  readonly seed: number
}

export function objectsOf(workload: Workload): () => BenchObject {
  const next = workload.kind === 'unique' ? counting(workload) : zipfRanks(workload)
  return () => benchObject(workload.size, next())
}

function counting({ from }: Unique): () => number {
  let number = from
  return () => number++
}

/** From 1 on. */
export function zipfRanks({ objects, exponent, seed }: Pick<Zipf, 'objects' | 'exponent' | 'seed'>): () => number {
  const sums = new Float64Array(objects)
  let sum = 0
  for (let rank = 1; rank <= objects; rank += 1) {
    sum += rank ** -exponent
    sums[rank - 1] = sum
  }
  const random = seededRandom(seed)
  return () => firstAbove(sums, random() * sum) + 1
}

/** The index of the first sum above `value`; the last index when there is none. */
function firstAbove(sums: Float64Array, value: number): number {
  let [low, high] = [0, sums.length - 1]
  while (low < high) {
    const middle = (low + high) >> 1
    if ((sums[middle] ?? 0) > value) high = middle
    else low = middle + 1
  }
  return low
}
