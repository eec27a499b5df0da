/** Everything that is measured, as whoever scrapes it reads it. */

import { boundText, type Form, labelText, numberText } from './exposition.ts'
import { HistogramFamily, type NamedExemplar } from './histogram-family.ts'
import type { SeriesName } from './series.ts'
import type { Family } from './series-family.ts'

const contentTypes: Readonly<Record<Form, string>> = {
  text: 'text/plain; version=0.0.4; charset=utf-8',
  openmetrics: 'application/openmetrics-text; version=1.0.0; charset=utf-8',
}

/** A registry of prom-client, as far as it is needed. */
interface ForeignMetrics {
  getMetricsAsJSON(): Promise<readonly ForeignMetric[]>
}

interface ForeignMetric {
  readonly name: string
  readonly help: string
  /** A text, whatever its declaration says. */
  readonly type: unknown
  readonly values: readonly {
    readonly metricName?: string
    readonly labels: Readonly<Partial<Record<string, string | number>>>
    readonly value: number
  }[]
}

/**
 * prom-client's own registry cannot print one set of metrics in both forms, and takes 1 to 2 µs for each line, where ours are
 * ready but for their values: 0.2 to 0.3.
 */
export class Registry {
  readonly contentTypes = contentTypes
  readonly #families = new Map<string, Family>()
  readonly #foreign: ForeignMetrics | undefined
  #beforeScrape: () => Promise<void> = async () => {}

  /** `foreign`: metrics that are none of ours, Node's own. */
  constructor(foreign?: ForeignMetrics) {
    this.#foreign = foreign
  }

  registerMetric(family: Family): void {
    if (this.#families.has(family.name)) throw new Error(`the metric ${family.name} is declared already`)
    this.#families.set(family.name, family)
  }

  /** What is waited for before samples are read. It never rejects, and ends soon. */
  beforeScrape(prepare: () => Promise<void>): void {
    this.#beforeScrape = prepare
  }

  async metrics(form: Form = 'text'): Promise<string> {
    await this.#beforeScrape()
    let text = ''
    for (const family of this.#families.values()) {
      family.refresh?.()
      text += headOf(family, form) + family.lines(form)
    }
    for (const metric of (await this.#foreign?.getMetricsAsJSON()) ?? []) text += foreignText(metric, form)
    return form === 'openmetrics' ? `${text}# EOF\n` : text
  }

  /** In a worker, before the main thread is scraped: its values are up to date, and here is what they do not tell. */
  refresh(): readonly NamedExemplar[] {
    const families = [...this.#families.values()]
    for (const family of families) if (family.across !== 'main') family.refresh?.()
    return families.flatMap((family) => (family instanceof HistogramFamily ? family.takeExemplars() : []))
  }

  /** In the main thread: what a worker has is part of everything that is read, as of the moment it is read. */
  adopt(worker: number, { metric, labels }: SeriesName, values: Float64Array): void {
    this.#family(metric).adopt(worker, labels, values)
  }

  drop(worker: number, { metric, labels }: SeriesName): void {
    this.#family(metric).drop(worker, labels)
  }

  ended(worker: number): void {
    for (const family of this.#families.values()) family.ended(worker)
  }

  adoptExemplars(exemplars: readonly NamedExemplar[]): void {
    for (const { metric, labels, place, ...exemplar } of exemplars) {
      const family = this.#family(metric)
      if (family instanceof HistogramFamily) family.cell(...labels).keepExemplar(place, exemplar)
    }
  }

  #family(metric: string): Family {
    const family = this.#families.get(metric)
    if (family === undefined) throw new Error(`the metric ${metric} is not declared`)
    return family
  }
}

interface Described {
  readonly name: string
  readonly help: string
  readonly type: string
}

/** In OpenMetrics a counter is called without the ending that its samples have, and help is quoted like labels. */
function headOf({ name, help, type }: Described, form: Form): string {
  const isOpen = form === 'openmetrics'
  const family = isOpen && type === 'counter' ? name.replace(/_total$/, '') : name
  const escaped = help.replaceAll('\\', '\\\\').replaceAll('\n', '\\n')
  return `# HELP ${family} ${isOpen ? escaped.replaceAll('"', '\\"') : escaped}\n# TYPE ${family} ${type}\n`
}

function foreignText({ name, help, type, values }: ForeignMetric, form: Form): string {
  let text = headOf({ name, help, type: String(type) }, form)
  for (const { metricName = name, labels, value } of values) {
    const texts = Object.entries(labels).map(([label, held]) => [
      label,
      label === 'le' && typeof held === 'number' ? boundText(held) : `${held}`,
    ])
    text += `${metricName}${labelText(Object.fromEntries(texts))} ${numberText(value)}\n`
  }
  return text
}
