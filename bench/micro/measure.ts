/** Prints what one operation costs: the least of five rounds after one of warm-up, since noise only ever adds. */
export async function measure(
  name: string,
  times: number,
  run: (times: number) => void | Promise<void>,
): Promise<void> {
  let least = Number.POSITIVE_INFINITY
  for (let round = 0; round < 6; round++) {
    const start = performance.now()
    await run(times)
    if (round > 0) least = Math.min(least, performance.now() - start)
  }
  console.log(`${name}: ${((least / times) * 1e6).toFixed(0)} ns`)
}
