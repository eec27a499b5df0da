/** Metrics whose series are single values. */

import { labelText, numberText } from './exposition.ts'
import type { ValueMemory } from './series.ts'
import { type Declaration, SeriesFamily } from './series-family.ts'

export class Counter {
  readonly #values: Float64Array

  constructor(values: Float64Array) {
    this.#values = values
  }

  /** Nothing below 0. */
  add(amount: number): void {
    this.#values[0] = (this.#values[0] ?? 0) + amount
  }
}

export class Gauge {
  readonly #values: Float64Array

  constructor(values: Float64Array) {
    this.#values = values
  }

  set(value: number): void {
    this.#values[0] = value
  }
}

abstract class ValueFamily<Label extends string, Cell> extends SeriesFamily<Label, Cell> {
  constructor(declaration: Declaration<Label>, memory: ValueMemory, cellOf: (values: Float64Array) => Cell) {
    super(declaration, memory, { length: 1, headsOf: (labels) => [`${declaration.name}${labelText(labels)} `], cellOf })
  }

  /** 0 where nothing was ever counted. */
  read(...labels: readonly string[]): number {
    return this.find(labels)?.read(0) ?? 0
  }

  *readings(): Iterable<{ readonly labels: Readonly<Record<Label, string>>; readonly value: number }> {
    for (const series of this.all()) yield { labels: series.labels, value: series.read(0) }
  }

  override lines(): string {
    let text = ''
    for (const series of this.all()) text += `${series.heads[0]}${numberText(series.read(0))}\n`
    return text
  }
}

export class CounterFamily<Label extends string> extends ValueFamily<Label, Counter> {
  constructor(declaration: Omit<Declaration<Label>, 'type'>, memory: ValueMemory) {
    super({ ...declaration, type: 'counter' }, memory, (values) => new Counter(values))
  }
}

export class GaugeFamily<Label extends string> extends ValueFamily<Label, Gauge> {
  constructor(declaration: Omit<Declaration<Label>, 'type'>, memory: ValueMemory) {
    super({ ...declaration, type: 'gauge' }, memory, (values) => new Gauge(values))
  }

  /** There is nothing to measure any more. Whoever holds the cell writes to nobody. */
  remove(...labels: readonly string[]): void {
    this.forget(labels)
  }
}
