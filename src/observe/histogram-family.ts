/** Metrics whose series are histograms. */

import { boundText, type Form, labelText, numberText } from './exposition.ts'
import { type Declaration, type Series, SeriesFamily } from './series-family.ts'

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

export class Histogram {
  readonly #bounds: readonly number[]
  /** Counts of the buckets, and the sum. */
  readonly #values: Float64Array
  /** The last one of each bucket. */
  readonly #exemplars: (Exemplified | undefined)[] = []

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
}

export class HistogramFamily<Label extends string> extends SeriesFamily<Label, Histogram> {
  /** Of the sum; before it are the counts of as many buckets. */
  readonly #sumPlace: number

  /** `bounds`: upper bounds in seconds, ascending. */
  constructor(declaration: Omit<Declaration<Label>, 'type'>, bounds: readonly number[]) {
    const { name } = declaration
    const limits = [...bounds.map(boundText), '+Inf']
    super(
      { ...declaration, type: 'histogram' },
      {
        length: limits.length + 1,
        headsOf: (labels) => [
          ...limits.map((le) => `${name}_bucket${labelText({ ...labels, le })} `),
          `${name}_sum${labelText(labels)} `,
          `${name}_count${labelText(labels)} `,
        ],
        cellOf: (values) => new Histogram(bounds, values),
      },
    )
    this.#sumPlace = limits.length
  }

  /** How many were observed, and what they come to together. */
  read(...labels: readonly string[]): { readonly count: number; readonly sum: number } {
    const values = this.find(labels)?.values ?? []
    let count = 0
    for (let place = 0; place < this.#sumPlace; place++) count += values[place] ?? 0
    return { count, sum: values[this.#sumPlace] ?? 0 }
  }

  override lines(form: Form): string {
    let text = ''
    for (const series of this.all()) text += this.#linesOf(series, form)
    return text
  }

  #linesOf({ heads, values, cell }: Series<Histogram>, form: Form): string {
    let count = 0
    let text = ''
    for (let place = 0; place < this.#sumPlace; place++) {
      count += values[place] ?? 0
      text += `${heads[place]}${count}${form === 'openmetrics' ? exemplarText(cell.exemplar(place)) : ''}\n`
    }
    const [sumHead, countHead] = heads.slice(this.#sumPlace)
    return `${text}${sumHead}${numberText(values[this.#sumPlace] ?? 0)}\n${countHead}${count}\n`
  }
}

function exemplarText(exemplar: Exemplified | undefined): string {
  if (exemplar === undefined) return ''
  const { value, of } = exemplar
  return ` # {trace_id="${of.traceId}"} ${numberText(value)} ${(of.atMs / 1000).toFixed(3)}`
}
