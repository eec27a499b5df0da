/** What `bench/exhaustion.ts` asks for: far more than the memory tier holds, about half of what its small disk does. */
import { type BenchObject, benchObject } from './object-content.ts'
import type { TimedRequest } from './timed-load.ts'

const [smallBytes, middleBytes, largeBytes, hugeBytes] = [8 * 1024, 100_000, 3_500_000, 24 * 2 ** 20]
const known = (size: number, count: number) => Array.from({ length: count }, (_, index) => benchObject(size, index + 1))
const [small, middle, large] = [known(smallBytes, 300), known(middleBytes, 200), known(largeBytes, 15)]
const firstUnknown = 100_000

export const isUnknown = ({ object: { name } }: TimedRequest): boolean => Number(name.split('-').at(-1)) >= firstUnknown

/** Of ten, one was never asked for, and one is a range of something large. */
export function mixedRequests(random: () => number): () => TimedRequest {
  let number = firstUnknown
  return () => {
    const kind = random()
    if (kind < 0.1) return whole(benchObject(smallBytes, number++))
    if (kind < 0.7) return whole(oneOf(small, random))
    if (kind < 0.9) return whole(oneOf(middle, random))
    const object = oneOf(large, random)
    const start = Math.floor(random() * (object.size - 400_000))
    return { ...whole(object), range: [start, start + 1 + Math.floor(random() * 400_000)] }
  }
}

/** Each of them once. */
export function hugeDownloads(): () => TimedRequest {
  let number = firstUnknown
  return () => whole(benchObject(hugeBytes, number++))
}

function whole(object: BenchObject): TimedRequest {
  return { object, path: `/bucket/${object.name}` }
}

function oneOf(objects: readonly BenchObject[], random: () => number): BenchObject {
  return objects[Math.floor(random() * objects.length)] ?? benchObject(smallBytes, 1)
}
