/** What cannot be run here is at least read: container files, the lockfile, the gates, the words about dependencies. */
import assert from 'node:assert/strict'
import { existsSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { parse } from 'yaml'
import { runCli } from '../support/proxy-process.ts'

const root = join(import.meta.dirname, '../..')
const read = (path: string): string => readFileSync(join(root, path), 'utf8')
const exists = (path: string): boolean => existsSync(join(root, path))

interface Container {
  readonly image?: string
  readonly build?: string
  readonly volumes?: readonly string[]
  readonly ports?: readonly string[]
  readonly depends_on?: readonly string[] | Readonly<Record<string, unknown>>
}
interface Compose {
  readonly services: Readonly<Record<string, Container>>
}
interface Package {
  readonly dependencies: Readonly<Record<string, string>>
  readonly devDependencies: Readonly<Record<string, string>>
  readonly optionalDependencies: Readonly<Record<string, string>>
  readonly scripts: Readonly<Record<string, string>>
}

const manifest = JSON.parse(read('package.json')) as Package

for (const file of ['docker-compose.yml', 'docker-compose.bench.yml']) {
  const text = read(file)
  const { services } = parse(text, { merge: true }) as Compose

  test(`${file}: every mounted path exists`, () => {
    const sources = Object.values(services).flatMap(({ volumes = [] }) =>
      volumes.map((volume) => volume.split(':')[0] ?? ''),
    )
    assert.ok(sources.length > 0)
    assert.deepEqual(
      sources.filter((source) => !exists(source)),
      [],
    )
  })

  test(`${file}: every variable has a default`, () => {
    const variables = text.match(/(?<!\$)\$(?:\{[^}]*\}|\w+)/g) ?? []
    assert.deepEqual(
      variables.filter((variable) => !/^\$\{\w+:-[^}]+\}$/.test(variable)),
      [],
    )
  })

  test(`${file}: published ports are on loopback and do not collide`, () => {
    const published = Object.values(services).flatMap(({ ports = [] }) =>
      ports.map((port) => withDefaults(port).split(':')),
    )
    for (const [host] of published) assert.equal(host, '127.0.0.1')
    const hostPorts = published.map(([, port]) => port)
    assert.equal(new Set(hostPorts).size, hostPorts.length, hostPorts.join(' '))
  })

  test(`${file}: images are pinned, and services depend on services that exist`, () => {
    for (const [name, { image, build, depends_on: needed = [] }] of Object.entries(services)) {
      assert.ok(build === '.' || /^[\w./-]+:[\w.-]+$/.test(image ?? ''), `${name} has no pinned image`)
      assert.doesNotMatch(image ?? '', /:(?:latest|stable)$/)
      for (const other of Array.isArray(needed) ? needed : Object.keys(needed)) assert.ok(other in services, other)
    }
  })
}

function withDefaults(text: string): string {
  return text.replaceAll(/\$\{\w+:-([^}]*)\}/g, '$1')
}

for (const template of ['nginx.conf', 'varnish.vcl']) {
  test(`docker-compose.bench.yml fills in every word of ${template}`, () => {
    const lines = read(`bench/rig/${template}`).replaceAll(/^\s*#.*$/gm, '')
    const words = [...new Set(lines.match(/@[A-Z_]+@/g))]
    assert.ok(words.length > 0)
    const compose = read('docker-compose.bench.yml')
    assert.deepEqual(
      words.filter((word) => !compose.includes(`s|${word}|`)),
      [],
    )
  })
}

test('the Dockerfile copies what exists, and what .dockerignore lets through', () => {
  const copies = [...read('Dockerfile').matchAll(/^COPY (?!--from)(.+) \S+$/gm)].flatMap(([, paths = '']) =>
    paths.split(' '),
  )
  const kept = new Set(read('.dockerignore').match(/(?<=^!).+$/gm))
  assert.ok(copies.length > 3)
  for (const path of copies) {
    assert.ok(exists(path), path)
    assert.ok(kept.has(path), `${path} is ignored`)
  }
})

test('the image runs the proxy as an ordinary user, with a health check and no build step', () => {
  const dockerfile = read('Dockerfile')
  assert.match(dockerfile, /^USER (?!root)\w+$/m)
  assert.match(dockerfile, /^HEALTHCHECK /m)
  assert.match(dockerfile, /"src\/main\.ts", "serve", "--config"/)
  assert.match(dockerfile, /--omit=dev/)
})

test('the config of the image is valid, with and without an S3 server named', async () => {
  const named = { S3_ENDPOINT: 'http://s3:7070', S3_ACCESS_KEY: 'a', S3_SECRET_KEY: 'b', PATH_PREFIX: '/demo' }
  for (const env of [{}, named]) {
    const { code, stdout, stderr } = await runCli(['check', '--config', join(root, 'config/docker.yaml')], { env })
    assert.equal(code, 0, stdout + stderr)
  }
})

test('Prometheus scrapes a service of the compose file', () => {
  const { services } = parse(read('docker-compose.yml'), { merge: true }) as Compose
  const { scrape_configs: jobs } = parse(read('config/prometheus.yml')) as {
    scrape_configs: { static_configs: { targets: string[] }[] }[]
  }
  const targets = jobs.flatMap((job) => job.static_configs).flatMap(({ targets }) => targets)
  assert.ok(targets.length > 0)
  for (const target of targets) assert.ok((target.split(':')[0] ?? '') in services, target)
})

interface Locked {
  readonly dependencies?: Readonly<Record<string, string>>
  readonly optionalDependencies?: Readonly<Record<string, string>>
}

test('the lockfile names no registry', () => {
  assert.doesNotMatch(read('package-lock.json'), /"resolved"/)
  assert.match(read('.npmrc'), /^omit-lockfile-registry-resolved=true$/m)
})

// A registry may lack packages for other platforms; without a line for each of them `npm ci` installs nothing at all.
test('the lockfile has a line for every package that another one may want', () => {
  const { packages } = JSON.parse(read('package-lock.json')) as { packages: Record<string, Locked> }
  const paths = Object.keys(packages)
  for (const [path, { dependencies, optionalDependencies }] of Object.entries(packages)) {
    for (const name of Object.keys({ ...dependencies, ...optionalDependencies })) {
      assert.ok(
        paths.some((other) => other.endsWith(`node_modules/${name}`)),
        `${path || 'package.json'} wants ${name}`,
      )
    }
  }
})

test('every dependency is pinned and explained', () => {
  const { dependencies, devDependencies, optionalDependencies } = manifest
  const explained = read('CONTRIBUTING.md')
  for (const [name, version] of Object.entries({ ...dependencies, ...devDependencies, ...optionalDependencies })) {
    assert.match(version, /^\d+\.\d+\.\d+$/, name)
    assert.ok(explained.includes(`\`${name}\``), `CONTRIBUTING.md does not say what ${name} is for`)
  }
})

test('.ci/run is executable and runs every gate', () => {
  assert.ok(statSync(join(root, '.ci/run')).mode & 0o100)
  assert.match(read('.ci/run'), /^npm ci\nnpm run check$/m)
  for (const gate of ['types', 'lint']) assert.match(manifest.scripts['check'] ?? '', new RegExp(`npm run ${gate}`))
  assert.match(manifest.scripts['check'] ?? '', /npm test/)
})

test('npm scripts run files that exist', () => {
  const files = Object.values(manifest.scripts).flatMap((script) => script.match(/\S+\.ts\b/g) ?? [])
  assert.deepEqual(
    files.filter((file) => !exists(file)),
    [],
  )
})
