/** Lines of an exposition by what stands before the value: name and labels as written. */
export function samplesIn(exposition: string): ReadonlyMap<string, number> {
  const samples = new Map<string, number>()
  for (const line of exposition.split('\n')) {
    if (line === '' || line.startsWith('#')) continue
    const space = line.lastIndexOf(' ')
    samples.set(line.slice(0, space), Number(line.slice(space + 1)))
  }
  return samples
}

/** The samples of one metric alone, buckets of histograms left out. */
export function samplesOf(exposition: string, name: string): Readonly<Record<string, number>> {
  const own = [...samplesIn(exposition)].filter(([sample]) => sample === name || sample.startsWith(`${name}{`))
  return Object.fromEntries(own.map(([sample, value]) => [sample.slice(name.length), value]))
}
