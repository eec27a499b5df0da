/** What a thread has of something that the process has `total` of: all shares together are that, but none is less than 1. */
export function shareOf(total: number, threads: number, index: number): number {
  const least = Math.floor(total / threads)
  return Math.max(1, index < total - least * threads ? least + 1 : least)
}
