/** The documents against what they speak of: links, names, numbers of lines, and the pages that are generated. */
import assert from 'node:assert/strict'
import { existsSync, globSync, readFileSync } from 'node:fs'
import { basename, dirname, join, sep } from 'node:path'
import { test } from 'node:test'
import { parseConfig } from '../../src/config/load.ts'
import { generatedPages } from '../../src/observe/generate.ts'
import { InstrumentSet } from '../../src/observe/instruments.ts'
import { declareMetrics } from '../../src/observe/metrics.ts'

const root = join(import.meta.dirname, '../..')
const read = (path: string): string => readFileSync(join(root, path), 'utf8')
const pages = globSync('**/*.md', { cwd: root, exclude: ['node_modules/**', 'bench/results/**'] }).sort()
const architecture = read('docs/architecture.md')
const sourceFiles = globSync('*/**/*.ts', { cwd: join(root, 'src') }).sort()

/** Text between a heading and the next one of any level. */
function sectionOf(page: string, heading: string): string {
  const [, section] = page.split(new RegExp(`^#+ ${heading}$`, 'm'))
  assert.ok(section, `no section ${heading}`)
  return section.split(/^#+ /m)[0] ?? ''
}

/** Rows of all tables in a text, without heads and rules, as cells. */
function tableRows(text: string): readonly (readonly string[])[] {
  const isRule = (line: string | undefined) => /^\|[ |-]+\|$/.test(line ?? '')
  const lines = text.split('\n')
  return lines
    .filter((line, at) => line.startsWith('|') && !isRule(line) && !isRule(lines[at + 1]))
    .map((line) =>
      line
        .split('|')
        .slice(1, -1)
        .map((cell) => cell.trim()),
    )
}

const quotedIn = (text: string) => [...text.matchAll(/`([^`]+)`/g)].map(([, quoted = '']) => quoted)
const withoutBlocks = (page: string) => page.replaceAll(/^```[\s\S]*?^```$/gm, '')
const withoutCode = (page: string) => withoutBlocks(page).replaceAll(/`[^`\n]*`/g, '')

/** As GitHub names the headings of a page. */
function anchorsOf(page: string): ReadonlySet<string> {
  const headings = [...withoutBlocks(page).matchAll(/^#+ (.+)$/gm)]
  return new Set(
    headings.map(([, text = '']) =>
      text
        .toLowerCase()
        .replaceAll(/[^\w\- ]/g, '')
        .replaceAll(' ', '-'),
    ),
  )
}

function brokenLinks(path: string): readonly string[] {
  const links = [...withoutCode(read(path)).matchAll(/\]\(([^)\s]+)\)/g)].map(([, link = '']) => link)
  return links
    .filter((link) => !/^\w+:/.test(link))
    .filter((link) => {
      const [file = '', anchor] = link.split('#')
      const target = file === '' ? path : join(dirname(path), file)
      if (!existsSync(join(root, target))) return true
      return anchor !== undefined && !anchorsOf(read(target)).has(anchor)
    })
}

test('the documents are there', () => {
  for (const page of ['README.md', 'docs/architecture.md', 'docs/operations.md', 'docs/errors.md', 'docs/metrics.md'])
    assert.ok(pages.includes(page), page)
})

for (const page of pages) {
  test(`every relative link of ${page} leads somewhere, anchors included`, () => {
    assert.deepEqual(brokenLinks(page), [])
  })
}

test('every path of the repository that is mentioned exists', () => {
  const mentioned = pages.flatMap((page) =>
    quotedIn(withoutBlocks(read(page)))
      .filter((text) => /^(?:src|test|docs|config|bench)\/[\w./-]+$/.test(text))
      // `x` stands for a name to choose; results are not in the repository.
      .filter((path) => !(/\/x[-.]/.test(path) || path.startsWith('bench/results')))
      .map((path) => ({ page, path })),
  )
  assert.ok(mentioned.length > 20)
  const gone = mentioned.filter(({ path }) => !existsSync(join(root, path)) && !existsSync(join(root, 'src', path)))
  assert.deepEqual(gone, [])
})

test('the README has under 150 lines', () => {
  assert.ok(read('README.md').trimEnd().split('\n').length < 150)
})

test('the README tries what the demo prints', () => {
  const demo = read('src/cli/demo.ts')
  const lines = read('README.md').match(/^ +curl .*\/(?:demo|secret)\/.*$/gm) ?? []
  assert.equal(lines.length, 3)
  for (const line of lines) {
    const withToken = line.trim().replace(/Bearer [^']+/, () => 'Bearer $' + '{token}')
    const printed = withToken.replace('http://127.0.0.1:8080', () => '$' + '{main}')
    assert.ok(demo.includes(printed), printed)
  }
})

for (const page of ['README.md', 'docs/operations.md', 'docs/authentication.md']) {
  test(`the configurations in ${page} are valid`, () => {
    const blocks = [...read(page).matchAll(/^```yaml\n([\s\S]*?)^```$/gm)].map(([, text = '']) => text)
    assert.ok(blocks.length > 0)
    for (const block of blocks) {
      const loaded = parseConfig(block.startsWith('jwt:') ? inBucket(block) : block, {})
      assert.deepEqual(loaded.kind === 'problems' ? loaded.problems : [], [], block)
    }
  })
}

/** Of a block that protects a bucket, the file around it. */
function inBucket(block: string): string {
  const indented = block.replaceAll(/^(?=.)/gm, '    ')
  return `buckets:\n  - name: b\n    path_prefix: /b\n    s3: { bucket: my-bucket, region: us-east-1 }\n${indented}`
}

test('every npm script that is mentioned exists', () => {
  const { scripts } = JSON.parse(read('package.json')) as { readonly scripts: Readonly<Record<string, string>> }
  const mentioned = pages.flatMap((page) => [...read(page).matchAll(/npm run ([\w:-]+)/g)].map(([, name = '']) => name))
  assert.ok(mentioned.length > 5)
  assert.deepEqual(
    mentioned.filter((name) => !(name in scripts)),
    [],
  )
})

test('every metric that is mentioned is declared', () => {
  const instruments = new InstrumentSet({ registerMetric: () => {} })
  declareMetrics(instruments)
  const series = instruments.declarations.flatMap(({ name, type }) =>
    type === 'histogram' ? [name, `${name}_bucket`, `${name}_sum`, `${name}_count`] : [name],
  )
  const mentioned = pages.flatMap((page) => read(page).match(/\byatagarasu_[a-z]\w*/g) ?? [])
  assert.ok(mentioned.length > 20)
  assert.deepEqual(
    mentioned.filter((name) => !series.includes(name)),
    [],
  )
})

test('the map names every source file, in its folder, and no other', () => {
  const tree = /^```\n(src\/\n[\s\S]*?)^```$/m.exec(sectionOf(architecture, 'Map'))?.[1] ?? ''
  const named: string[] = []
  let [folder, inner] = ['', '']
  for (const line of tree.slice(0, tree.indexOf('\ntest/')).split('\n')) {
    folder = /^ {2}(\w+)\//.exec(line)?.[1] ?? folder
    inner = line.startsWith(' '.repeat(6)) ? inner : (/^ {4}([\w-]+)\//.exec(line)?.[1] ?? '')
    const names = /^ {4}(?: {2})?([\w-]+(?:, [\w-]+)*)(?![\w/-])/.exec(line)?.[1]
    named.push(...(names?.split(', ') ?? []).map((name) => join(folder, inner, `${name}.ts`)))
  }
  assert.deepEqual(
    {
      unnamed: sourceFiles.filter((file) => !named.includes(file)),
      gone: named.filter((file) => !sourceFiles.includes(file)),
    },
    { unnamed: [], gone: [] },
  )
})

test('the import table has a row for each folder', () => {
  const rows = tableRows(sectionOf(architecture, 'Who may import whom')).flatMap(([name = '']) => quotedIn(name))
  const folders = new Set(sourceFiles.map((file) => file.split(sep)[0] ?? ''))
  assert.deepEqual(rows.sort(), [...folders, 'app.ts', 'main.ts'].sort())
})

test('the stages of a request are functions of the files they are said to be in', () => {
  const stages = tableRows(sectionOf(architecture, 'Life of a request'))
  assert.deepEqual(
    stages.map(([number]) => number),
    stages.map((_, index) => String(index + 1)),
  )
  assert.ok(stages.length > 8)
  for (const [, stage = '', functions = '', file = ''] of stages) {
    const source = read(join('src', quotedIn(file)[0] ?? ''))
    const names = quotedIn(functions).flatMap((name) => name.split('.'))
    assert.ok(names.length > 0, stage)
    for (const name of names) {
      const defined = new RegExp(`\\b(?:function|class) ${name}\\b|^ {2}(?:async )?${name}\\(`, 'm')
      assert.match(source, defined, `${stage}: ${name} is not in ${file}`)
    }
  }
})

test("the states of a run are those of slice-run.ts's own table", () => {
  const states = (text: string) => tableRows(text).map(([state]) => state)
  const documented = states(sectionOf(architecture, 'Slices, flights and runs'))
  const own = states(read('src/objects/slice-run.ts').replaceAll(/^ \* /gm, ''))
  assert.ok(own.length > 3)
  assert.deepEqual(documented, own)
})

test('decisions are numbered without gaps and say what would change our mind', () => {
  const decisions = globSync('docs/decisions/*.md', { cwd: root }).sort()
  for (const [index, path] of decisions.entries()) {
    const number = String(index + 1).padStart(4, '0')
    assert.ok(basename(path).startsWith(`${number}-`), path)
    const page = read(path)
    assert.ok(page.startsWith(`# ${number}: `), path)
    for (const part of ['Context', 'Decision', 'Consequences', 'What would change our mind'])
      assert.ok(page.includes(`**${part}.**`), `${path}: ${part}`)
  }
})

for (const [file, text] of generatedPages()) {
  test(`${file} is what \`npm run docs\` writes`, () => assert.equal(read(file), text))
}
