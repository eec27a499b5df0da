/** Metrics whose series are single values. */

import { labelText, numberText } from './exposition.ts'
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
  constructor(declaration: Declaration<Label>, cellOf: (values: Float64Array) => Cell) {
    super(declaration, { length: 1, headsOf: (labels) => [`${declaration.name}${labelText(labels)} `], cellOf })
  }

  /** 0 where nothing was ever counted. */
  read(...labels: readonly string[]): number {
    return this.find(labels)?.values[0] ?? 0
  }

  *readings(): Iterable<{ readonly labels: Readonly<Record<Label, string>>; readonly value: number }> {
    for (const { labels, values } of this.all()) yield { labels, value: values[0] ?? 0 }
  }

  override lines(): string {
    let text = ''
    for (const { heads, values } of this.all()) text += `${heads[0]}${numberText(values[0] ?? 0)}\n`
    return text
  }
}

export class CounterFamily<Label extends string> extends ValueFamily<Label, Counter> {
  constructor(declaration: Omit<Declaration<Label>, 'type'>) {
    super({ ...declaration, type: 'counter' }, (values) => new Counter(values))
  }
}

export class GaugeFamily<Label extends string> extends ValueFamily<Label, Gauge> {
  constructor(declaration: Omit<Declaration<Label>, 'type'>) {
    super({ ...declaration, type: 'gauge' }, (values) => new Gauge(values))
  }

  /** There is nothing to measure any more. Whoever holds the cell writes to nobody. */
  remove(...labels: readonly string[]): void {
    this.forget(labels)
  }
}
