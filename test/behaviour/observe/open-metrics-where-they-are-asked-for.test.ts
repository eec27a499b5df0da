import assert from 'node:assert/strict'
import { test } from 'node:test'
import { request } from 'undici'
import { startProxy } from '../../support/start-proxy.ts'

const openMetrics = 'application/openmetrics-text; version=1.0.0; charset=utf-8'
const plain = 'text/plain; version=0.0.4; charset=utf-8'

for (const [who, accept, contentType] of [
  ['nobody in particular', undefined, plain],
  ['curl', '*/*', plain],
  ['a browser', 'text/html,application/xml;q=0.9,*/*;q=0.8', plain],
  ['whoever wants text', 'text/plain', plain],
  ['whoever would rather have text', 'application/openmetrics-text;q=0.2,text/plain;q=0.7', plain],
  ['whoever wants OpenMetrics', 'application/openmetrics-text', openMetrics],
  [
    'Prometheus 2',
    'application/openmetrics-text;version=1.0.0;q=0.5,application/openmetrics-text;version=0.0.1;q=0.4,text/plain;version=0.0.4;q=0.3,*/*;q=0.2',
    openMetrics,
  ],
  [
    'Prometheus 3',
    'application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.5,application/openmetrics-text;version=0.0.1;q=0.4,text/plain;version=1.0.0;escaping=allow-utf-8;q=0.3,text/plain;version=0.0.4;q=0.2,*/*;q=0.1',
    openMetrics,
  ],
] as const) {
  test(`${who} is answered in ${contentType.slice(0, contentType.indexOf(';'))}`, async (t) => {
    const { proxy } = await startProxy(t)
    const { headers, body } = await request(
      `${proxy.metrics}/metrics`,
      accept === undefined ? {} : { headers: { accept } },
    )
    assert.equal(headers['content-type'], contentType)
    assert.equal((await body.text()).endsWith('\n# EOF\n'), contentType === openMetrics)
  })
}

test('both forms have the same samples, and OpenMetrics keeps its own grammar', async (t) => {
  const { proxy, origin } = await startProxy(t)
  origin.serve('a.txt', 'crow')
  for (const path of ['/b/a.txt', '/b/a.txt', '/b/none', '/nowhere']) await proxy.get(path)
  await proxy.untilLogged(4)
  const scrape = async (accept: string) =>
    (await request(`${proxy.metrics}/metrics`, { headers: { accept } })).body.text()
  const [text, open] = [await scrape('text/plain'), await scrape('application/openmetrics-text')]

  // The first scrape is work, which the second one shows.
  const own = (line: string) => line.startsWith('yatagarasu_') && !line.startsWith('yatagarasu_thread_busy_')
  assert.deepEqual(open.split('\n').filter(own), text.split('\n').filter(own))
  assertOpenMetrics(open)
})

const nameText = '[a-zA-Z_:][a-zA-Z0-9_:]*'
const labelsText = `\\{${nameText}="(?:[^"\\\\\\n]|\\\\["\\\\n])*"(?:,${nameText}="(?:[^"\\\\\\n]|\\\\["\\\\n])*")*\\}`
const numberText = '(?:-?\\d+(?:\\.\\d+)?(?:e[+-]?\\d+)?|[+-]Inf|NaN)'
const sampleLine = new RegExp(
  `^(${nameText})(${labelsText})? ${numberText}(?: # ${labelsText} ${numberText} ${numberText})?$`,
)
const endings: Readonly<Record<string, readonly string[]>> = {
  counter: ['_total'],
  gauge: [''],
  histogram: ['_bucket', '_sum', '_count'],
}

/** OpenMetrics 1.0: help and type once, before the samples, which are named after the family and come but once. */
function assertOpenMetrics(text: string): void {
  const [end, ...rest] = text.trimEnd().split('\n').reverse()
  assert.equal(end, '# EOF')
  const families = new Set<string>()
  const samples = new Set<string>()
  let [family, type] = ['', '']
  for (const line of rest.reverse()) {
    const [, word = '', name = '', said = ''] = /^# (HELP|TYPE) (\S+) (.*)$/.exec(line) ?? []
    if (word === 'HELP') {
      assert.ok(!families.has(name), `${name} comes twice`)
      families.add(name)
      family = name
    } else if (word === 'TYPE') {
      assert.equal(name, family)
      type = said
      assert.ok(type in endings, line)
    } else {
      const [, sample = ''] = sampleLine.exec(line) ?? []
      assert.ok(
        endings[type]?.some((ending) => sample === family + ending),
        line,
      )
      const series = line.slice(0, line.indexOf(' ', line.indexOf('}') + 1))
      assert.ok(!samples.has(series), line)
      samples.add(series)
    }
  }
  assert.ok(samples.size > 50)
}
