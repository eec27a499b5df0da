/**
 * Counters, gauges and histograms that cost the request path a plain addition, and a scrape little more than joining texts.
 * A labelled `inc` or `observe` of prom-client costs 0.2-0.3 µs; a cell that is held costs nothing measurable.
 */

import { HistogramFamily } from './histogram-family.ts'
import { type Across, ownMemory, type ValueMemory } from './series.ts'
import type { Declaration, Family } from './series-family.ts'
import { CounterFamily, GaugeFamily } from './value-families.ts'

const prefix = 'yatagarasu_'

export class InstrumentSet {
  readonly #registry: { registerMetric(family: Family): void }
  readonly #memory: ValueMemory
  readonly #declarations: Declaration[] = []

  constructor(registry: { registerMetric(family: Family): void }, memory: ValueMemory = ownMemory) {
    this.#registry = registry
    this.#memory = memory
  }

  /** Everything made so far, in order. */
  get declarations(): readonly Declaration[] {
    return this.#declarations
  }

  /** `name`: in OpenMetrics every counter ends so. */
  counter<Label extends string>(
    name: `${string}_total`,
    help: string,
    labels: readonly Label[],
    across: Exclude<Across, 'max'> = 'sum',
  ): CounterFamily<Label> {
    return this.#register(new CounterFamily({ name: prefix + name, help, labels, across }, this.#memory))
  }

  gauge<Label extends string>(
    name: string,
    help: string,
    labels: readonly Label[],
    across: Across = 'sum',
  ): GaugeFamily<Label> {
    return this.#register(new GaugeFamily({ name: prefix + name, help, labels, across }, this.#memory))
  }

  /** `bounds`: upper bounds in seconds, ascending. */
  histogram<Label extends string>(
    name: string,
    help: string,
    labels: readonly Label[],
    bounds: readonly number[],
  ): HistogramFamily<Label> {
    return this.#register(new HistogramFamily({ name: prefix + name, help, labels }, this.#memory, bounds))
  }

  #register<F extends Family>(family: F): F {
    const { name, type, help, labels, across } = family
    this.#declarations.push({ name, type, help, labels, across })
    this.#registry.registerMetric(family)
    return family
  }
}
