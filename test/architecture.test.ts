/** The house rules that can be read off the source text: who imports whom, what only `base/` may touch, names and sizes. */
import assert from 'node:assert/strict'
import { globSync, readFileSync } from 'node:fs'
import { basename, dirname, join, normalize, sep } from 'node:path'
// Opens the standard streams, as it does for OpenTelemetry's packages: they are no resources that a source file has started.
import 'node:process'
import { test } from 'node:test'

interface Room {
  /** Rooms, or single files of one, whose values and types it may import. */
  readonly uses: readonly string[]
  /** Rooms of which it may import types alone. */
  readonly types?: readonly string[]
  /** Third-party packages. */
  readonly packages?: readonly string[]
}

const everyDomain = [
  ...['http', 'access', 'limits', 'routing', 'policy', 'cache', 'redis', 'origin', 'objects', 'pipeline', 'observe'],
  ...['audit', 'admin', 'warming', 'cluster', 'workers'],
]
const everywhere = ['base', ...everyDomain, 'config', 'assembly', 'cli', 'app.ts', 'main.ts', 'worker.ts']

const rooms: Readonly<Record<string, Room>> = {
  base: { uses: [] },
  http: { uses: ['base'] },
  redis: { uses: ['base'], packages: ['ioredis'] },
  cache: { uses: ['base', 'redis'], packages: ['lru-cache', 'msgpackr/'] },
  // Connections to the origin, and memory for what comes of them, are waited for in the same way.
  origin: { uses: ['base', 'limits/two-lines.ts'], packages: ['undici', '@aws-sdk/'] },
  policy: { uses: ['base'], types: ['cache', 'origin', 'http'], packages: ['structured-headers'] },
  routing: { uses: ['base', 'policy'], types: ['http', 'origin'] },
  access: { uses: ['base'], types: ['http', 'routing'], packages: ['jose', 'lru-cache', 're2js'] },
  // What threads share is locked in one way, whatever it is.
  limits: { uses: ['base', 'redis', 'cache/arena/locks.ts'], types: ['http', 'routing'] },
  objects: {
    // Memory for what is on its way is shared among buckets as slots for requests are.
    uses: ['base', 'cache', 'origin', 'policy', 'limits/shared-places.ts', 'limits/two-lines.ts'],
    types: ['access'],
    packages: ['lru-cache'],
  },
  pipeline: {
    // A plan names the cache key; everything else about the cache is the affair of objects/.
    uses: ['base', 'http', 'access', 'limits', 'routing', 'policy', 'objects', 'cache/cache-key.ts'],
    types: ['cache', 'origin', 'audit', 'warming'],
  },
  // Paths are matched by the patterns that keys are.
  observe: {
    uses: ['base', 'objects/glob.ts'],
    types: everyDomain,
    packages: ['pino', 'pino-pretty', 'prom-client', '@opentelemetry/'],
  },
  // A folder that belongs to one process is locked in one way, whatever is kept there.
  audit: { uses: ['base', 'cache/disk-lock.ts'], types: everyDomain, packages: ['undici', '@aws-sdk/'] },
  admin: {
    // A call names objects as requests do, and describes entries in words that objects/ understands.
    uses: [
      ...['base', 'http', 'access/json-object.ts', 'cache/cache-key.ts', 'cache/scope.ts', 'routing/routes.ts'],
      ...['objects/entry-filter.ts', 'objects/glob.ts'],
    ],
    types: everyDomain,
  },
  warming: { uses: ['base'], packages: ['croner'] },
  cluster: { uses: ['base', 'redis'], types: everyDomain },
  // Stands in, on one thread, for what another thread has.
  workers: {
    uses: ['base', 'cache/cache-key.ts', 'cache/scope.ts', 'cache/tier.ts'],
    types: [...everyDomain, 'config'],
  },
  config: {
    // Whoever will use a value says what is wrong with it: claim rules, keys, address blocks, times of day, patterns.
    uses: [
      ...['access/claim-rules.ts', 'access/static-keys.ts', 'http/address-set.ts', 'warming/schedule.ts'],
      // And who takes memory, how much.
      ...['objects/glob.ts', 'cache/queue-bounds.ts', 'limits/key-table.ts'],
    ],
    types: ['base', ...everyDomain],
    packages: ['yaml'],
  },
  cli: { uses: everywhere, packages: ['jose', 'undici'] },
  assembly: { uses: everywhere },
  'app.ts': { uses: everywhere },
  'main.ts': { uses: everywhere },
  'worker.ts': { uses: everywhere },
}

interface Import {
  readonly specifier: string
  readonly isTypeOnly: boolean
}

const sourceFiles = globSync('src/**/*.ts').sort()
const allFiles = [...sourceFiles, ...globSync('{test,bench}/**/*.ts')]
const sources = new Map(allFiles.map((file) => [file, readFileSync(file, 'utf8')]))

const roomOf = (file: string): string => file.split(sep)[1] ?? ''

/** The text without comments: what they mention is no breach. */
function codeOf(file: string): string {
  return (sources.get(file) ?? '').replaceAll(/\/\*[\s\S]*?\*\//g, '').replaceAll(/(?<!:)\/\/.*/g, '')
}

function importsOf(code: string): readonly Import[] {
  const statements = code.matchAll(/^(?:import|export)\s+(type\s)?(?:[^'"]*?\sfrom\s+)?'([^']+)'/gm)
  const dynamic = code.matchAll(/\b(?:import|require)\(\s*'([^']+)'/g)
  return [
    ...[...statements].map(([, type, specifier = '']) => ({ specifier, isTypeOnly: type !== undefined })),
    ...[...dynamic].map(([, specifier = '']) => ({ specifier, isTypeOnly: false })),
  ]
}

function breachOf(file: string, { specifier, isTypeOnly }: Import): string | undefined {
  const from = roomOf(file)
  const room = rooms[from]
  if (room === undefined) return `${file}: ${from} is no room of the house`
  if (specifier.startsWith('node:')) return undefined
  if (!specifier.startsWith('.')) {
    const isFenced = room.packages?.some((name) =>
      name.endsWith('/') ? specifier.startsWith(name) : specifier === name,
    )
    return isFenced ? undefined : `${file} may not import the package ${specifier}`
  }
  const target = normalize(join(dirname(file), specifier))
  const to = roomOf(target)
  if (!target.startsWith(`src${sep}`)) return specifier.endsWith('package.json') ? undefined : `${file} leaves src`
  const single = target.split(sep).slice(1).join('/')
  if (to === from || room.uses.includes(to) || room.uses.includes(single)) return undefined
  if (room.types?.includes(to)) return isTypeOnly ? undefined : `${file} may import only types from ${to}`
  return `${file} may not import ${specifier}`
}

function filesMatching(pattern: RegExp, files: readonly string[]): readonly string[] {
  return files.filter((file) => pattern.test(codeOf(file)))
}

test('the import reader sees every form of import', () => {
  const code = `import type { A } from './a.ts'
import { b, type C } from './b.ts'
import * as d from 'd'
import {
  e,
} from './e.ts'
import 'f'
export { g } from './g.ts'
const h = await import('./h.ts')
const i = require('i')`
  const seen = importsOf(code).map(({ specifier, isTypeOnly }) => `${specifier}${isTypeOnly ? ' type' : ''}`)
  assert.deepEqual(seen, ['./a.ts type', './b.ts', 'd', './e.ts', 'f', './g.ts', './h.ts', 'i'])
})

test('every room imports only what the table allows', () => {
  const breaches = sourceFiles.flatMap((file) => importsOf(codeOf(file)).map((found) => breachOf(file, found)))
  assert.deepEqual(
    breaches.filter((breach) => breach !== undefined),
    [],
  )
})

test('the table would notice a breach', () => {
  const breach = (file: string, specifier: string, isTypeOnly = false) => breachOf(file, { specifier, isTypeOnly })
  assert.match(breach('src/http/x.ts', '../cache/tier.ts') ?? '', /may not import/)
  assert.match(breach('src/policy/x.ts', '../cache/record.ts') ?? '', /only types/)
  assert.equal(breach('src/policy/x.ts', '../cache/record.ts', true), undefined)
  assert.match(breach('src/pipeline/x.ts', '../cache/memory-tier.ts') ?? '', /only types/)
  assert.equal(breach('src/pipeline/x.ts', '../cache/cache-key.ts'), undefined)
  assert.match(breach('src/cache/x.ts', 'undici') ?? '', /package undici/)
  assert.match(breach('src/helpers/x.ts', './y.ts') ?? '', /no room/)
})

test('only the composition root knows concrete tiers', () => {
  const outsiders = sourceFiles.filter((file) => !['cache', 'config', 'assembly', 'app.ts'].includes(roomOf(file)))
  assert.deepEqual(filesMatching(/'[^']*\/cache\/[a-z]+-tier\.ts'/, outsiders), [])
})

/** These are commands, or what a thread runs: loading them runs them. */
const commands = /^src\/(?:main|worker|\w+\/generate)\.ts$/

// It also makes coverage count the files that no test loads.
test('loading a source file starts nothing', async () => {
  const before = process.getActiveResourcesInfo()
  for (const file of sourceFiles.filter((name) => !commands.test(name))) await import(`../${file}`)
  assert.deepEqual(process.getActiveResourcesInfo(), before)
})

test('policy is pure: it imports nothing from node:', () => {
  const impure = sourceFiles.filter((file) => roomOf(file) === 'policy' && /'node:/.test(codeOf(file)))
  assert.deepEqual(impure, [])
})

test('base stays small', () => {
  const files = sourceFiles.filter((file) => roomOf(file) === 'base')
  // Nine, not six: the HTTP vocabulary that http, policy and origin share (dates, header lists) lives there, and whose bytes are
  // whose, which cache tells http.
  assert.ok(files.length <= 9, `base has ${files.length} files: ${files.join(', ')}`)
})

test('only base touches the clock, chance and timers; only the command line reads the environment', () => {
  const outsideBase = sourceFiles.filter((file) => roomOf(file) !== 'base')
  const time = /\bDate\.now\b|\bnew Date\(\)|\bAbortSignal\.timeout\b|\bperformance\.now\b/
  const chance = /\bMath\.random\b/
  const timers = /\bset(?:Timeout|Interval)\b/
  for (const pattern of [time, chance, timers])
    assert.deepEqual(filesMatching(pattern, outsideBase), [], pattern.source)
  const withoutCli = outsideBase.filter((file) => !['cli', 'main.ts'].includes(roomOf(file)))
  assert.deepEqual(filesMatching(/\bprocess\.env\b/, withoutCli), [])
})

test('no file is longer than 300 lines', () => {
  const long = allFiles.filter((file) => (sources.get(file) ?? '').trimEnd().split('\n').length > 300)
  assert.deepEqual(long, [])
})

test('names say what a thing owns', () => {
  const drawers = /^(?:utils?|helpers?|common|shared|misc|tmp|index)$/
  const vagueFiles = sourceFiles.filter((file) =>
    [...file.split(sep).slice(1, -1), basename(file, '.ts')].some((name) => drawers.test(name)),
  )
  assert.deepEqual(vagueFiles, [])
  const vagueType = /\b(?:class|interface|type)\s+\w*(?:Manager|Helper|Utils?|Service|Processor|Impl|Abstract\w*)\b/
  assert.deepEqual(filesMatching(vagueType, allFiles), [])
})

test('there are no default exports and no notes to self', () => {
  assert.deepEqual(filesMatching(/^export default\b/m, allFiles), [])
  const notes = /\b(?:TO[D]O|FIX[M]E|XX[X])\b/
  assert.deepEqual(
    allFiles.filter((file) => notes.test(sources.get(file) ?? '')),
    [],
  )
})
