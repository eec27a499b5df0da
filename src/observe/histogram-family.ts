/** Metrics whose series are histograms. */

import { boundText, type Form, labelText, numberText } from './exposition.ts'
import type { Series, SeriesName, ValueMemory } from './series.ts'
import { type Declaration, SeriesFamily } from './series-family.ts'

/** The request that a value was observed of, for whoever wants to look at one of many. */
export interface Exemplar {
  readonly traceId: string
  /** Wall time. */
  readonly atMs: number
}

interface Exemplified {
  readonly value: number
  readonly of: Exemplar
}

/** An exemplar of one bucket of one series, on its way between threads. */
export interface NamedExemplar extends SeriesName, Exemplified {
  readonly place: number
}

export class Histogram {
  readonly #bounds: readonly number[]
  /** Counts of the buckets, and the sum. */
  readonly #values: Float64Array
  /** The last one of each bucket. */
  #exemplars: (Exemplified | undefined)[] = []

  constructor(bounds: readonly number[], values: Float64Array) {
    this.#bounds = bounds
    this.#values = values
  }

  observe(value: number, exemplar?: Exemplar): void {
    let place = 0
    while (place < this.#bounds.length && value > (this.#bounds[place] ?? 0)) place++
    const sum = this.#bounds.length + 1
    this.#values[place] = (this.#values[place] ?? 0) + 1
    this.#values[sum] = (this.#values[sum] ?? 0) + value
    if (exemplar !== undefined) this.#exemplars[place] = { value, of: exemplar }
  }

  exemplar(place: number): Exemplified | undefined {
    return this.#exemplars[place]
  }

  /** Those of all buckets, which has none of them then. */
  takeExemplars(): readonly (Exemplified | undefined)[] {
    const taken = this.#exemplars
    this.#exemplars = []
    return taken
  }

  /** Unless there is a later one. */
  keepExemplar(place: number, { value, of }: Exemplified): void {
    if (of.atMs >= (this.#exemplars[place]?.of.atMs ?? 0)) this.#exemplars[place] = { value, of }
  }
}

/** So many, and their sum. */
export interface Observed {
  readonly count: number
  readonly sum: number
}

export class HistogramFamily<Label extends string> extends SeriesFamily<Label, Histogram> {
  /** Of the sum; before it are the counts of as many buckets. */
  readonly #sumPlace: number

  /** `bounds`: upper bounds in seconds, ascending. */
  constructor(
    declaration: Omit<Declaration<Label>, 'type' | 'across'>,
    memory: ValueMemory,
    bounds: readonly number[],
  ) {
    const { name } = declaration
    const limits = [...bounds.map(boundText), '+Inf']
    super({ ...declaration, type: 'histogram', across: 'sum' }, memory, {
      length: limits.length + 1,
      headsOf: (labels) => [
        ...limits.map((le) => `${name}_bucket${labelText({ ...labels, le })} `),
        `${name}_sum${labelText(labels)} `,
        `${name}_count${labelText(labels)} `,
      ],
      cellOf: (values) => new Histogram(bounds, values),
    })
    this.#sumPlace = limits.length
  }

  /** How many were observed, and what they come to together. */
  read(...labels: readonly string[]): Observed {
    const series = this.find(labels)
    return series === undefined ? { count: 0, sum: 0 } : this.#observed(series)
  }

  *readings(): Iterable<Observed & { readonly labels: Readonly<Record<Label, string>> }> {
    for (const series of this.all()) yield { labels: series.labels, ...this.#observed(series) }
  }

  /** Those since the last time. */
  takeExemplars(): readonly NamedExemplar[] {
    return [...this.all()].flatMap(({ labels, own }) => {
      const name = { metric: this.name, labels: Object.values(labels) }
      const taken = own?.cell.takeExemplars() ?? []
      return taken.flatMap((exemplar, place) => (exemplar === undefined ? [] : [{ ...name, place, ...exemplar }]))
    })
  }

  override lines(form: Form): string {
    let text = ''
    for (const series of this.all()) text += this.#linesOf(series, form)
    return text
  }

  #observed(series: Series<Histogram>): Observed {
    let count = 0
    for (let place = 0; place < this.#sumPlace; place++) count += series.read(place)
    return { count, sum: series.read(this.#sumPlace) }
  }

  #linesOf(series: Series<Histogram>, form: Form): string {
    const { heads, own } = series
    let count = 0
    let text = ''
    for (let place = 0; place < this.#sumPlace; place++) {
      count += series.read(place)
      text += `${heads[place]}${count}${form === 'openmetrics' ? exemplarText(own?.cell.exemplar(place)) : ''}\n`
    }
    const [sumHead, countHead] = heads.slice(this.#sumPlace)
    return `${text}${sumHead}${numberText(series.read(this.#sumPlace))}\n${countHead}${count}\n`
  }
}

function exemplarText(exemplar: Exemplified | undefined): string {
  if (exemplar === undefined) return ''
  const { value, of } = exemplar
  return ` # {trace_id="${of.traceId}"} ${numberText(value)} ${(of.atMs / 1000).toFixed(3)}`
}
