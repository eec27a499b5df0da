/** The figures a run is held to: each is printed with its bound, and kept with the raw data. */

export interface Figure {
  readonly name: string
  readonly value: number
  readonly unit: string
  /** Absent: told, but held to nothing. */
  readonly bound?: string
  readonly isMet: boolean
}

export class Figures {
  readonly #figures: Figure[] = []

  get all(): readonly Figure[] {
    return this.#figures
  }

  get exitCode(): number {
    return this.#figures.every(({ isMet }) => isMet) ? 0 : 1
  }

  /** A value that is not a number meets no bound. */
  atMost(name: string, value: number, bound: number, unit = ''): void {
    this.#add({ name, value, unit, bound: `at most ${withUnit(bound, unit)}`, isMet: value <= bound })
  }

  atLeast(name: string, value: number, bound: number, unit = ''): void {
    this.#add({ name, value, unit, bound: `at least ${withUnit(bound, unit)}`, isMet: value >= bound })
  }

  under(name: string, value: number, bound: number, unit = ''): void {
    this.#add({ name, value, unit, bound: `under ${withUnit(bound, unit)}`, isMet: value < bound })
  }

  tell(name: string, value: number, unit = ''): void {
    this.#add({ name, value, unit, isMet: true })
  }

  #add(figure: Figure): void {
    this.#figures.push(figure)
    const { name, value, unit, bound, isMet } = figure
    const verdict = bound === undefined ? '    ' : isMet ? 'PASS' : 'FAIL'
    process.stdout.write(`${verdict}  ${name}: ${withUnit(value, unit)}${bound === undefined ? '' : `, ${bound}`}\n`)
  }
}

function withUnit(value: number, unit: string): string {
  const digits = Number.isInteger(value) || Math.abs(value) >= 1000 ? 0 : Math.abs(value) >= 1 ? 1 : 3
  return `${value.toFixed(digits)}${unit === '' ? '' : ` ${unit}`}`
}
