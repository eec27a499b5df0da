/** The published page against the results it is made of, and what other pages quote of it. */
import assert from 'node:assert/strict'
import { globSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { type partNames, wanted } from '../../../bench/publish/parts.ts'
import { type Published, printResult, readPublished, shortcomings } from '../../../bench/publish/published.ts'
import { wrongQuotes } from '../../../bench/publish/quotes.ts'
import { renderAll } from '../../../bench/publish/render.ts'
import type { BenchResult } from '../../../bench/rig/results.ts'
import type { Metrics } from '../../../bench/rig/scenario.ts'

const root = join(import.meta.dirname, '../../..')
const read = (path: string): string => readFileSync(join(root, path), 'utf8')
const published = readPublished()
const rendered = renderAll(published)

const machine = {
  date: '2026-01-01T00:00:00Z',
  commit: 'abc',
  cpu: 'x',
  coreCount: 2,
  cores: { server: 0, client: 1, origin: 1 },
  memoryGb: 1,
  kernel: '6',
  congestionControl: 'cubic',
  loadAverage: 0,
  versions: { node: '26', nginx: '1', varnish: '7', wrk: '4' },
}

/** A complete part in which Yatagarasu needs `ours` µs of CPU for each request, and every rival 10. */
function part(name: (typeof partNames)[number], ours = 12): BenchResult {
  const metrics = (server: string): Metrics => ({
    cpuMicros: server === 'yatagarasu' ? ours : 10,
    ...{ requestsPerSecond: 1000, p50Ms: 1, p95Ms: 2, p99Ms: 3, offeredRate: 500, workers: 1 },
  })
  const scenarios = wanted(name).map(({ scenario, servers }) => ({
    ...{ name: scenario, question: 'what?', load: 'some', problems: [] },
    rivals: servers.filter((server) => server !== 'yatagarasu'),
    rounds: Object.fromEntries(servers.map((server) => [server, Array.from({ length: 5 }, () => metrics(server))])),
  }))
  return { machine, rounds: 5, scenarios }
}

const complete: Published = { table: part('table'), rates: part('rates'), workers: part('workers') }

function changed(change: (table: BenchResult) => BenchResult): Published {
  return { ...complete, table: change(part('table')) }
}

for (const [path, text] of Object.entries(rendered)) {
  test(`${path} is what \`npm run bench:publish -- --render\` writes`, () => assert.equal(read(path), text))
}

test('no chart is left of earlier results', () => {
  const charts = globSync('docs/benchmarks/*', { cwd: root })
  assert.deepEqual(
    charts.filter((path) => !(path in rendered)),
    [],
  )
})

for (const path of ['README.md', ...globSync('docs/*.md', { cwd: root })].filter((page) => !(page in rendered))) {
  test(`every ratio to a rival in ${path} is one that was measured`, () => {
    assert.deepEqual(wrongQuotes(read(path), published.table), [])
  })
}

test('a quoted ratio has to be the one that was measured, and a link to it', () => {
  const judge = (page: string) => wrongQuotes(page, complete.table).length
  assert.equal(judge('a hit costs [1.20 × nginx](docs/benchmarks.md#hot-1k) of CPU'), 0)
  assert.equal(judge('a hit costs [1.20 × varnish](benchmarks.md#hot-1k)'), 0)
  assert.equal(judge('a hit costs [1.19 × nginx](docs/benchmarks.md#hot-1k) of CPU'), 1)
  assert.equal(judge('[1.20 × nginx](docs/benchmarks.md#no-such-row)'), 1)
  assert.equal(judge('[1.20 × apache](docs/benchmarks.md#hot-1k)'), 1)
  assert.equal(judge('a hit costs 1.20 times what nginx takes'), 1)
  assert.equal(judge('CPU per hit is 20 % above that of Varnish'), 1)
  assert.equal(judge('beside nginx and Varnish, with 2 cores and 90 % hits'), 0)
})

test('a complete run on a quiet machine, of what is committed, is a proof; nothing less is', () => {
  assert.deepEqual(shortcomings(complete), [])
  const lesser: readonly Published[] = [
    { ...complete, rates: undefined },
    changed((table) => ({ ...table, rounds: 4 })),
    changed((table) => ({ ...table, machine: { ...machine, loadAverage: 1 } })),
    changed((table) => ({ ...table, machine: { ...machine, commit: 'abc+changes' } })),
    changed((table) => ({ ...table, scenarios: table.scenarios.slice(1) })),
    changed((table) => ({
      ...table,
      scenarios: table.scenarios.map((scenario) => ({ ...scenario, problems: ['wrong bytes'] })),
    })),
    changed((table) => ({
      ...table,
      scenarios: table.scenarios.map((scenario) => ({ ...scenario, rounds: { ...scenario.rounds, nginx: [] } })),
    })),
  ]
  for (const [index, results] of lesser.entries()) assert.ok(shortcomings(results).length > 0, `${index}`)
  const nothing = { table: undefined, rates: undefined, workers: undefined }
  assert.deepEqual(shortcomings(nothing), ['not measured (table, rates, workers)'])
})

test('the page of a trial says so before any number, that of a proof does not', () => {
  const page = (results: Published) => renderAll(results)['docs/benchmarks.md'] ?? ''
  assert.doesNotMatch(page(complete), /trial run/)
  const trial = page(changed((table) => ({ ...table, rounds: 1 })))
  assert.ok(trial.indexOf('A trial run') > 0 && trial.indexOf('A trial run') < trial.indexOf('## Set-up'))
  assert.match(trial, /^> - rounds: 1 instead of 5 \(table\)$/m)
})

test('what it loses at and what it wins at stand in their own lists, and goals say kept or missed', () => {
  const section = (page: string, heading: string) => page.split(`## ${heading}\n`)[1]?.split('\n## ')[0] ?? ''
  const slower = renderAll({ ...complete, table: part('table', 12) })['docs/benchmarks.md'] ?? ''
  assert.match(section(slower, 'What it loses at'), /^- 304, beside nginx: CPU\/request 1\.20$/m)
  assert.match(section(slower, 'What it wins at'), /^Nothing\.$/m)
  assert.match(section(slower, 'At a glance'), /^\| \[304\].* nginx .* 1\.20 \(1\.20–1\.20\) \| 1\.20: kept \|$/m)
  assert.match(section(slower, 'At a glance'), /everything on.* nginx .*1\.10: \*\*missed\*\*/)
  const faster = renderAll({ ...complete, table: part('table', 8) })['docs/benchmarks.md'] ?? ''
  assert.match(section(faster, 'What it wins at'), /^- 304, beside nginx: CPU\/request 0\.80$/m)
  assert.match(section(faster, 'What it loses at'), /^Nothing\.$/m)
})

test('a result comes back from its file as it went, but for digits that mean nothing', () => {
  const result = part('table', 12.345)
  assert.deepEqual(JSON.parse(printResult(result)), result)
  assert.match(printResult(part('table', 12.3456789)), /"cpuMicros": 12\.346/)
})
