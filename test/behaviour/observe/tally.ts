/** Counts kept outside the proxy, under the names that the proxy's own should have. */

type Labels = Readonly<Record<string, string | number>>

export class Tally {
  readonly #counts = new Map<string, Map<string, number>>()

  /** `metric`: without the prefix. Labels in the order of the exposition. */
  add(metric: string, labels: Labels, count = 1): void {
    const counts = this.#counts.get(metric) ?? new Map<string, number>()
    const pairs = Object.entries(labels).map(([name, value]) => `${name}="${value}"`)
    const series = `{${pairs.join(',')}}`
    this.#counts.set(metric, counts.set(series, (counts.get(series) ?? 0) + count))
  }

  /** By labels as the exposition writes them, in their order, those that are not 0. */
  of(metric: string): Readonly<Record<string, number>> {
    return counted(Object.fromEntries(this.#counts.get(metric) ?? []))
  }

  total(metric: string): number {
    return Object.values(this.of(metric)).reduce((sum, count) => sum + count, 0)
  }
}

/** A series that is 0 says as much as one that is not there. */
export function counted(samples: Readonly<Record<string, number>>): Readonly<Record<string, number>> {
  return Object.fromEntries(
    Object.entries(samples)
      .filter(([, value]) => value !== 0)
      .sort(),
  )
}
