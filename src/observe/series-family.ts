/** One metric: a series for each combination of label values. */

import type { Form, Labels } from './exposition.ts'
import { type Across, ownMemory, Series, type ValueMemory } from './series.ts'

export type InstrumentType = 'counter' | 'gauge' | 'histogram'

/** What is said of a metric where it is made; docs/metrics.md is written from these. */
export interface Declaration<Label extends string = string> {
  readonly name: string
  readonly type: InstrumentType
  readonly help: string
  readonly labels: readonly Label[]
  readonly across: Across
}

export interface Family extends Declaration {
  /** Called before a scrape reads the samples: for values that live elsewhere. */
  refresh?: (() => void) | undefined
  /** All samples, a line each. */
  lines(form: Form): string
  /** A worker has opened a series. */
  adopt(worker: number, labels: readonly string[], values: Float64Array): void
  /** A worker has closed a series. */
  drop(worker: number, labels: readonly string[]): void
  /** A worker is no more: what it has counted stays, what it measured was its own. */
  ended(worker: number): void
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

/** `Cell` is what the code that counts holds, and it can only write: values are read here. */
export abstract class SeriesFamily<Label extends string, Cell> implements Family {
  readonly name: string
  readonly type: InstrumentType
  readonly help: string
  readonly labels: readonly Label[]
  readonly across: Across
  refresh: (() => void) | undefined
  readonly #memory: ValueMemory
  readonly #shape: Shape<Cell>
  readonly #series = new Map<string, Series<Cell>>()

  constructor({ name, type, help, labels, across }: Declaration<Label>, memory: ValueMemory, shape: Shape<Cell>) {
    this.name = name
    this.type = type
    this.help = help
    this.labels = labels
    this.across = across
    this.#memory = across === 'main' ? ownMemory : memory
    this.#shape = shape
  }

  /** Label values in the order of declaration. Hold the cell where it is used often. */
  cell(...labels: readonly string[]): Cell {
    const series = this.#require(labels)
    if (series.own !== undefined) return series.own.cell
    const values = this.#memory.open({ metric: this.name, labels }, this.#shape.length)
    const cell = this.#shape.cellOf(values)
    series.own = { values, cell }
    return cell
  }

  adopt(worker: number, labels: readonly string[], values: Float64Array): void {
    this.#require(labels).adopt(worker, values)
  }

  drop(worker: number, labels: readonly string[]): void {
    this.find(labels)?.drop(worker)
    this.#clear(labels)
  }

  ended(worker: number): void {
    for (const [id, series] of this.#series) {
      if (this.type === 'gauge') series.drop(worker)
      else series.settle(worker)
      if (series.isEmpty) this.#series.delete(id)
    }
  }

  abstract lines(form: Form): string

  /** There is nothing to count any more. Whoever holds the cell writes to nobody. */
  protected forget(labels: readonly string[]): void {
    const series = this.find(labels)
    if (series?.own === undefined) return
    series.own = undefined
    this.#memory.close({ metric: this.name, labels })
    this.#clear(labels)
  }

  protected find(labels: readonly string[]): Series<Cell> | undefined {
    return this.#series.get(idOf(labels))
  }

  protected all(): Iterable<Series<Cell>> {
    return this.#series.values()
  }

  #require(values: readonly string[]): Series<Cell> {
    const id = idOf(values)
    const known = this.#series.get(id)
    if (known !== undefined) return known
    const labels = Object.fromEntries(this.labels.map((name, index) => [name, values[index] ?? '']))
    const series = new Series<Cell>(labels, this.#shape.headsOf(labels), this.across)
    this.#series.set(id, series)
    return series
  }

  #clear(labels: readonly string[]): void {
    if (this.find(labels)?.isEmpty) this.#series.delete(idOf(labels))
  }
}

function idOf(labels: readonly string[]): string {
  return labels.join('\n')
}
