/** What is wrong with a config file, gathered until everything has been looked at. */

export interface Problem {
  /** As the file spells it, such as `buckets[1].s3.endpoint`; the file's own name when no setting is to blame. */
  readonly path: string
  readonly line?: number
  readonly message: string
}

export interface Place {
  readonly path: string
  readonly line: number
}

export function formatProblem(problem: Problem): string {
  const place = problem.line === undefined ? problem.path : `${problem.path} (line ${problem.line})`
  return `${place}: ${problem.message}`
}

interface Dormant {
  /** The path in the table. */
  readonly at: string
  readonly problem: Problem
}

/**
 * Paths given to its methods are those of the table. It reports under the name the file uses, which differs for a
 * setting found at an alias.
 */
export class Report {
  readonly #places = new Map<string, Place>()
  readonly #broken = new Set<string>()
  readonly #problems: Problem[] = []
  readonly #warnings: Problem[] = []
  readonly #dormant = new Map<string, Dormant[]>()

  /** Remembers where the file has this setting. */
  place(path: string, place: Place): void {
    this.#places.set(path, place)
  }

  isGiven(path: string): boolean {
    return this.#places.has(path)
  }

  add(problem: Problem): void {
    this.#problems.push(problem)
  }

  /** The value there is wrong in itself, whatever the others are. */
  broken(path: string, message: string): void {
    this.#broken.add(path)
    this.#problems.push(this.#problem(path, message))
  }

  /** Like `broken`, inside a section that is switched off: kept back until `wake` says that the section is used after all. */
  brokenAsleep(section: string, path: string, message: string): void {
    this.#broken.add(path)
    const problems = this.#dormant.get(section) ?? []
    problems.push({ at: path, problem: this.#problem(path, message) })
    this.#dormant.set(section, problems)
  }

  /** `used`: the settings of it that are used, or what holds them; everything, unless it is given. */
  wake(section: string, used: readonly string[] = [section]): void {
    const problems = this.#dormant.get(section) ?? []
    const isUsed = ({ at }: Dormant) => upwards(at).some((path) => used.includes(path))
    this.#problems.push(...problems.filter(isUsed).map(({ problem }) => problem))
    this.#dormant.set(
      section,
      problems.filter((one) => !isUsed(one)),
    )
  }

  /** Values that do not go together. Told at the first path, and only when each value is sound in itself. */
  contradict(paths: readonly [string, ...string[]], message: string): void {
    if (!paths.some((path) => this.#isBroken(path))) this.#problems.push(this.#problem(paths[0], message))
  }

  warn(path: string, message: string): void {
    this.#warnings.push(this.#problem(path, message))
  }

  get problems(): readonly Problem[] {
    return inFileOrder(this.#problems)
  }

  get warnings(): readonly Problem[] {
    return inFileOrder(this.#warnings)
  }

  /** How the file spells a path, with its line: a setting that is not there has the line of what should hold it. */
  #problem(path: string, message: string): Problem {
    for (const holder of upwards(path)) {
      const place = this.#places.get(holder)
      if (place !== undefined) return { path: place.path + path.slice(holder.length), line: place.line, message }
    }
    return { path, message }
  }

  #isBroken(path: string): boolean {
    return upwards(path).some((holder) => this.#broken.has(holder))
  }
}

/** A path and the paths of everything around it, nearest first. */
function upwards(path: string): readonly string[] {
  const paths = [path]
  for (let end = lastStep(path); end > 0; end = lastStep(path.slice(0, end))) paths.push(path.slice(0, end))
  return paths
}

function lastStep(path: string): number {
  return Math.max(path.lastIndexOf('.'), path.lastIndexOf('['))
}

function inFileOrder(problems: readonly Problem[]): readonly Problem[] {
  return problems.toSorted((a, b) => (a.line ?? 0) - (b.line ?? 0))
}
