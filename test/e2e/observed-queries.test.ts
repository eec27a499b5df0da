/** Rules and dashboards against what running proxies say when everything is on and has happened. */
import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { queries, readYaml, rules } from '../support/observability.ts'
import { type Selector, type Series, selects, spokenOf } from '../support/promql.ts'
import { scrapeAll } from './busy-proxies.ts'

const { scrape_configs: jobs } = readYaml<{ scrape_configs: { job_name: string }[] }>('config/prometheus.yml')
const target = { job: jobs[0]?.job_name ?? '', instance: 'proxy:9090' }

/** What proxies emit and what Prometheus makes itself: of targets, of alerts that fire, and of rules that record. */
async function everySeries(t: TestContext): Promise<readonly Series[]> {
  const all: Series[] = [...(await scrapeAll(t, target)), { ...target, __name__: 'up' }]
  const everyLabel = Object.assign({}, ...all)
  for (const { alert, record, expr, labels } of rules) {
    // An alert has labels of what it is about.
    if (alert !== undefined)
      all.push({ ...everyLabel, ...labels, slo: '', __name__: 'ALERTS', alertname: alert, alertstate: 'firing' })
    else all.push(...recordedOf(expr, all).map((series) => ({ ...series, ...labels, __name__: record ?? '' })))
  }
  return all
}

/** With the labels of what was recorded before, if it is made of that. */
function recordedOf(expr: string, all: readonly Series[]): readonly object[] {
  const { selectors } = spokenOf(expr)
  const used = all.filter((series) => series.__name__.includes(':') && selectors.some((one) => selects(one, series)))
  return used.length > 0 ? used : [{}]
}

function problemsOf(expr: string, all: readonly Series[]): readonly string[] {
  const { selectors, grouping } = spokenOf(expr)
  const labels = new Set(selectors.flatMap((selector) => labelsOf(all.filter((series) => selects(selector, series)))))
  return [
    ...selectors.flatMap((selector) => problemsOfSelector(selector, all)),
    ...grouping.filter((label) => !labels.has(label)).map((label) => `groups by ${label}`),
  ]
}

function problemsOfSelector(selector: Selector, all: readonly Series[]): readonly string[] {
  const { name, matchers } = selector
  const found = all.filter((series) => selects(selector, series))
  if (found.length === 0) return [`nothing is ${name} ${JSON.stringify(matchers)}`]
  const labels = labelsOf(found)
  return matchers.filter(({ label }) => !labels.includes(label)).map(({ label }) => `${name} has no label ${label}`)
}

function labelsOf(series: readonly Series[]): readonly string[] {
  return series.flatMap((one) => Object.keys(one))
}

test('every query of the rules and dashboards selects what running proxies emit, by labels that it has', async (t) => {
  const all = await everySeries(t)
  assert.ok(queries.length > 80)
  assert.deepEqual(
    queries.flatMap(({ at, expr }) => problemsOf(expr, all).map((problem) => `${at}: ${problem}`)),
    [],
  )
})
