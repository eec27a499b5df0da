import assert from 'node:assert/strict'
import { copyFile, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { stringify } from 'yaml'
import { runTool } from '../../support/child-process.ts'
import { dashboards, folder, queries, readYaml, rules } from '../../support/observability.ts'
import { ensurePrograms } from '../../support/packages.ts'
import { spokenOf } from '../../support/promql.ts'

const root = join(import.meta.dirname, '../../..')
const alerts = rules.flatMap(({ alert, ...rule }) => (alert === undefined ? [] : [{ alert, ...rule }]))
const names = alerts.map(({ alert }) => alert).sort()
const operations = await readFile(join(root, 'docs/operations.md'), 'utf8')

async function promtool(...args: readonly string[]): Promise<string> {
  await ensurePrograms('rules')
  return runTool('promtool', args, { env: process.env, signal: AbortSignal.timeout(60_000) })
}

async function temporaryFolder(t: TestContext): Promise<string> {
  const path = await mkdtemp(join(tmpdir(), 'yatagarasu-rules-'))
  t.after(() => rm(path, { recursive: true }))
  return path
}

test('the rules are valid, and each alert fires when it should and is quiet when it should', async () => {
  assert.match(await promtool('check', 'rules', join(folder, 'prometheus-rules.yml')), /SUCCESS/)
  assert.match(await promtool('test', 'rules', join(folder, 'prometheus-rules.test.yml')), /SUCCESS/)
})

test('every alert has a case in which it fires, and one in which it is quiet', () => {
  const { tests } = readYaml<{ tests: { alert_rule_test: { alertname: string; exp_alerts: unknown[] }[] }[] }>(
    'docs/observability/prometheus-rules.test.yml',
  )
  const cases = tests.flatMap((one) => one.alert_rule_test)
  const namesOf = (isFiring: boolean) =>
    cases.filter(({ exp_alerts }) => isFiring === exp_alerts.length > 0).map(({ alertname }) => alertname)
  assert.deepEqual([...new Set(namesOf(true))].sort(), names)
  assert.deepEqual([...new Set(namesOf(false))].sort(), names)
})

test('every alert says what it is, what it means, and where to read what to do', () => {
  for (const { alert, labels, annotations } of alerts) {
    assert.match(labels?.['severity'] ?? '', /^(?:page|ticket)$/, alert)
    assert.deepEqual(Object.keys(annotations ?? {}), ['summary', 'description', 'runbook_url'], alert)
    assert.equal(annotations?.['runbook_url'], 'docs/operations.md#alerts', alert)
  }
  assert.match(operations, /^### Alerts$/m)
})

test('the runbook has a row for each alert, and for no other', () => {
  const [, section = ''] = operations.split(/^### Alerts$/m)
  const rows = section.split(/^## /m)[0]?.matchAll(/^\| `(\w+)` \|/gm) ?? []
  assert.deepEqual(Array.from(rows, ([, name = '']) => name).sort(), names)
})

test('every query of the dashboards is valid', async (t) => {
  const path = join(await temporaryFolder(t), 'rules.yml')
  const drawn = queries.filter(({ at }) => at.startsWith('dashboard'))
  assert.ok(drawn.length > 40)
  const recorded = drawn.map(({ expr }, index) => ({ record: `drawn:${index}`, expr }))
  await writeFile(path, stringify({ groups: [{ name: 'drawn', rules: recorded }] }))
  assert.match(await promtool('check', 'rules', path), new RegExp(`${drawn.length} rules found`))
})

test('a legend names only labels that its query keeps', () => {
  for (const { at, expr, legend } of queries) {
    const { grouping } = spokenOf(expr)
    for (const [, label = ''] of legend.matchAll(/\{\{(\w+)\}\}/g))
      assert.ok(grouping.includes(label), `${at}: ${label}`)
  }
})

test('the dashboards have names, variables and panels that do not overlap', () => {
  assert.deepEqual([...dashboards.keys()], ['cache', 'origins', 'overview', 'security'])
  for (const [name, { uid, schemaVersion, templating, panels }] of dashboards) {
    assert.equal(uid, `yatagarasu-${name}`)
    assert.ok(schemaVersion >= 41)
    assert.deepEqual(
      templating.list.map((variable) => variable.name),
      ['datasource', 'bucket'],
    )
    assert.equal(new Set(panels.map(({ id }) => id)).size, panels.length)
    const taken = new Set<string>()
    for (const { title, datasource, gridPos, targets } of panels) {
      // biome-ignore lint/suspicious/noTemplateCurlyInString: it is Grafana's
      assert.equal(datasource.uid, '${datasource}', title)
      assert.ok(targets.length > 0 && gridPos.x + gridPos.w <= 24, title)
      for (let x = gridPos.x; x < gridPos.x + gridPos.w; x++) {
        for (let y = gridPos.y; y < gridPos.y + gridPos.h; y++) {
          assert.ok(!taken.has(`${x},${y}`), `${name}: ${title} lies on another panel`)
          taken.add(`${x},${y}`)
        }
      }
    }
  }
})

interface Compose {
  readonly services: Readonly<Record<string, { readonly volumes?: readonly string[] }>>
}

/** What a service finds below a folder of its own: its path there, and where it lies here. */
function mountedIn(service: string, under: string): readonly (readonly [string, string])[] {
  const { volumes = [] } = readYaml<Compose>('docker-compose.yml').services[service] ?? {}
  return volumes
    .map((volume) => volume.split(':'))
    .filter(([, inside = '']) => inside.startsWith(under))
    .map(([outside = '', inside = '']) => [inside.slice(under.length), join(root, outside)])
}

test('the Prometheus of the compose file finds a valid config, and the rules', async (t) => {
  const path = await temporaryFolder(t)
  for (const [inside, outside] of mountedIn('prometheus', '/etc/prometheus/')) {
    await mkdir(dirname(join(path, inside)), { recursive: true })
    await copyFile(outside, join(path, inside))
  }
  const told = await promtool('check', 'config', join(path, 'prometheus.yml'))
  assert.match(told, new RegExp(`SUCCESS: ${rules.length} rules found`))
})

test('the Grafana of the compose file finds the dashboards where it is told to look, and Prometheus', () => {
  const provisioned = new Map(mountedIn('grafana', '/etc/grafana/provisioning/'))
  const [[, outside = ''] = []] = mountedIn('grafana', '/var/lib/grafana/dashboards')
  assert.equal(outside, join(folder, 'dashboards'))
  const { providers } = readYaml<{ providers: { options: { path: string } }[] }>('config/grafana/dashboards.yml')
  assert.deepEqual(
    providers.map(({ options }) => options.path),
    ['/var/lib/grafana/dashboards'],
  )
  const { datasources } = readYaml<{ datasources: { url: string }[] }>('config/grafana/datasources.yml')
  assert.deepEqual(
    datasources.map(({ url }) => new URL(url).hostname),
    ['prometheus'],
  )
  assert.deepEqual(
    [...provisioned.values()],
    ['datasources', 'dashboards'].map((name) => join(root, `config/grafana/${name}.yml`)),
  )
})
