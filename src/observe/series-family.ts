/** One metric: a series for each combination of label values. */

import type { Form, Labels } from './exposition.ts'

export type InstrumentType = 'counter' | 'gauge' | 'histogram'

/** What is said of a metric where it is made; docs/metrics.md is written from these. */
export interface Declaration<Label extends string = string> {
  readonly name: string
  readonly type: InstrumentType
  readonly help: string
  readonly labels: readonly Label[]
}

export interface Family extends Declaration {
  /** Called before a scrape reads the samples: for values that live elsewhere. */
  refresh?: (() => void) | undefined
  /** All samples, a line each. */
  lines(form: Form): string
}

/** What a metric has one of for each of its series. */
export interface Shape<Cell> {
  /** How many values make up a series. */
  readonly length: number
  /** Of each line, all but the value. */
  headsOf(labels: Labels): readonly string[]
  /** What writes to the values. */
  cellOf(values: Float64Array): Cell
}

export interface Series<Cell> {
  readonly labels: Labels
  readonly heads: readonly string[]
  readonly values: Float64Array
  readonly cell: Cell
}

/** `Cell` is what the code that counts holds, and it can only write: values are read here. */
export abstract class SeriesFamily<Label extends string, Cell> implements Family {
  readonly name: string
  readonly type: InstrumentType
  readonly help: string
  readonly labels: readonly Label[]
  refresh: (() => void) | undefined
  readonly #shape: Shape<Cell>
  readonly #series = new Map<string, Series<Cell>>()

  constructor({ name, type, help, labels }: Declaration<Label>, shape: Shape<Cell>) {
    this.name = name
    this.type = type
    this.help = help
    this.labels = labels
    this.#shape = shape
  }

  /** Label values in the order of declaration. Hold the cell where it is used often. */
  cell(...labels: readonly string[]): Cell {
    const id = idOf(labels)
    const known = this.#series.get(id)
    if (known !== undefined) return known.cell
    const made = this.#made(labels)
    this.#series.set(id, made)
    return made.cell
  }

  abstract lines(form: Form): string

  /** There is nothing to count any more. Whoever holds the cell writes to nobody. */
  protected forget(labels: readonly string[]): void {
    this.#series.delete(idOf(labels))
  }

  protected find(labels: readonly string[]): Series<Cell> | undefined {
    return this.#series.get(idOf(labels))
  }

  protected all(): Iterable<Series<Cell>> {
    return this.#series.values()
  }

  #made(values: readonly string[]): Series<Cell> {
    const labels = Object.fromEntries(this.labels.map((name, index) => [name, values[index] ?? '']))
    const { length, headsOf, cellOf } = this.#shape
    const own = new Float64Array(length)
    return { labels, heads: headsOf(labels), values: own, cell: cellOf(own) }
  }
}

function idOf(labels: readonly string[]): string {
  return labels.join('\n')
}
