/** Reads a tree by the table: substitutes, checks each value by itself, fills in defaults. */

import { describe, type Given, type Leaf, parseLeaf, unitBytes } from './leaf.ts'
import type { Report } from './problem.ts'
import { type Alias, aliasesOf, olderKeys } from './schema.ts'
import type { HeaderMapKind, ListKind, SectionKind, Setting, ValueOf, WordOrKind } from './setting.ts'
import { type Environment, substitute } from './substitution.ts'
import { suggest } from './suggestion.ts'
import { childPath, isNothing, kindName, type ScalarTree, type Tree } from './yaml-tree.ts'

/** The value, whole even when there are problems: what is wrong or missing has a stand-in of its type. */
export function readSettings<S extends Setting>(setting: S, tree: Tree, env: Environment, report: Report): ValueOf<S> {
  return new Reader(env, report, aliasesOf(setting)).read(setting, tree, '') as ValueOf<S>
}

class Reader {
  readonly #env: Environment
  readonly #report: Report
  readonly #aliases: readonly Alias[]
  /** The innermost section around the reader that is switched off. */
  #asleep: string | undefined

  constructor(env: Environment, report: Report, aliases: readonly Alias[]) {
    this.#aliases = aliases
    this.#env = env
    this.#report = report
  }

  read(setting: Setting, node: Tree | undefined, path: string): unknown {
    if (node !== undefined) this.#report.place(path, node)
    switch (setting.kind) {
      case 'section':
        return this.#section(setting, node, path)
      case 'list':
        return this.#list(setting, node, path)
      case 'header-map':
        return this.#headerMap(setting, node, path)
      case 'word-or':
        return this.#wordOr(setting, node, path)
      default:
        return this.#leaf(setting, node, path)
    }
  }

  #section(setting: SectionKind, node: Tree | undefined, path: string): unknown {
    if (node === undefined && setting.optional) return undefined
    if (isNothing(node) && setting.required) return this.#missing(setting, path)
    if (!isNothing(node) && node.kind !== 'map') return this.#wrongShape(setting, node, path)
    const entries = node?.kind === 'map' ? node.entries : new Map<string, Tree>()
    this.#refuseUnknown(entries, Object.keys(setting.fields), path)
    const values: Record<string, unknown> = {}
    const outer = this.#asleep
    for (const [key, field] of enabledFirst(setting.fields)) {
      values[key] = this.read(field, entries.get(key), childPath(path, key))
      if (key === 'enabled' && values[key] === false) this.#asleep = path
    }
    this.#asleep = outer
    return values
  }

  #refuseUnknown(entries: ReadonlyMap<string, Tree>, known: readonly string[], path: string): void {
    for (const [key, node] of entries) {
      if (known.includes(key)) continue
      const unknownPath = childPath(path, key)
      const meant = suggest(key, [...known, ...olderKeys(this.#aliases, path)])
      this.#report.place(unknownPath, node)
      this.#report.broken(unknownPath, `unknown key${meant}`)
    }
  }

  #list(setting: ListKind, node: Tree | undefined, path: string): unknown {
    if (isNothing(node)) return setting.required ? this.#missing(setting, path) : standIn(setting)
    if (node.kind === 'scalar' && setting.orOne) return this.read(setting.of, node, path) ?? standIn(setting)
    if (node.kind !== 'list') return this.#wrongShape(setting, node, path)
    if (node.items.length === 0 && !setting.mayBeEmpty) return this.#wrong(setting, path, 'must not be empty')
    const values = node.items.map((item, index) => this.#item(setting.of, item, `${path}[${index}]`))
    values.forEach((value, index) => {
      const first = values.indexOf(value)
      if (typeof value === 'string' && first < index) {
        this.#report.contradict([`${path}[${index}]`, `${path}[${first}]`], 'repeats an earlier item')
      }
    })
    return values
  }

  /** Nothing is no item, unlike elsewhere, where it means the default. */
  #item(setting: Setting, node: Tree, path: string): unknown {
    const item: Setting = { ...setting, required: true }
    if (!isNothing(node)) return this.read(item, node, path)
    this.#report.place(path, node)
    return this.#wrong(item, path, `must be ${describe(setting)}`)
  }

  #headerMap(setting: HeaderMapKind, node: Tree | undefined, path: string): unknown {
    const values = new Map<string, string>()
    if (isNothing(node)) return values
    if (node.kind !== 'map') return this.#wrongShape(setting, node, path)
    const seen = new Map<string, string>()
    for (const [name, item] of node.entries) {
      const itemPath = childPath(path, name)
      const value = this.read({ kind: 'text', help: '', required: true, format: setting.value }, item, itemPath)
      const problem = setting.name.problem(name)
      const twin = seen.get(name.toLowerCase())
      if (problem !== undefined) this.#report.broken(itemPath, problem)
      else if (twin !== undefined) this.#report.broken(itemPath, `names the same field as ${twin}`)
      seen.set(name.toLowerCase(), itemPath)
      values.set(name, String(value))
    }
    return values
  }

  #wordOr(setting: WordOrKind, node: Tree | undefined, path: string): unknown {
    if (isNothing(node)) return setting.default
    const { other, words } = setting
    if (node.kind !== 'scalar') {
      return other.kind === 'section' ? this.read(other, node, path) : this.#wrongShape(setting, node, path)
    }
    const given = this.#given(setting, node, path)
    if (given === undefined) return standIn(setting)
    if (typeof given.value === 'string' && words.includes(given.value)) return given.value
    if (other.kind === 'number' && (typeof given.value === 'number' || given.loose)) {
      return this.#parsed(other, given, path)
    }
    const hint = typeof given.value === 'string' ? suggest(given.value, words) : ''
    return this.#wrong(setting, path, `must be ${describe(setting)}${hint}`)
  }

  #leaf(setting: Leaf, node: Tree | undefined, path: string): unknown {
    if (isNothing(node)) return setting.required ? this.#missing(setting, path) : standIn(setting)
    if (node.kind !== 'scalar') return this.#wrongShape(setting, node, path)
    const given = this.#given(setting, node, path)
    return given === undefined ? standIn(setting) : this.#parsed(setting, given, path)
  }

  #parsed(setting: Leaf, given: Given, path: string): unknown {
    const result = parseLeaf(setting, given)
    return 'value' in result ? result.value : this.#wrong(setting, path, result.problem)
  }

  /** The scalar with its variables filled in. Undefined: there is nothing to parse, and any problem is told already. */
  #given(setting: Setting, node: ScalarTree, path: string): Given | undefined {
    if (typeof node.value !== 'string') return { value: node.value, loose: false }
    const substitution = substitute(node.value, node.plain, this.#env)
    if (substitution.kind === 'malformed') {
      this.#report.broken(path, substitution.message)
      return undefined
    }
    if (substitution.kind === 'unset') {
      const names = substitution.names.join(', ')
      this.#unlessAsleep(
        path,
        `the environment variable${substitution.names.length > 1 ? 's' : ''} ${names} must be set`,
      )
      return undefined
    }
    if (substitution.text !== '') return { value: substitution.text, loose: substitution.whole }
    if (setting.kind === 'text' && setting.refusesEmpty) this.#unlessAsleep(path, 'must not be empty')
    if (setting.required) this.#missing(setting, path)
    return undefined
  }

  #unlessAsleep(path: string, message: string): void {
    if (this.#asleep === undefined) this.#report.broken(path, message)
    else this.#report.brokenAsleep(this.#asleep, path, message)
  }

  #missing(setting: Setting, path: string): unknown {
    this.#unlessAsleep(path, 'is required')
    return standIn(setting)
  }

  #wrongShape(setting: Setting, node: Tree, path: string): unknown {
    return this.#wrong(setting, path, `must be ${describe(setting)}, not ${kindName(node)}`)
  }

  #wrong(setting: Setting, path: string, message: string): unknown {
    this.#report.broken(path, message)
    return standIn(setting)
  }
}

function enabledFirst(fields: SectionKind['fields']): readonly (readonly [string, Setting])[] {
  return Object.entries(fields).toSorted(([a], [b]) => Number(b === 'enabled') - Number(a === 'enabled'))
}

/** The default, or for a required setting some value of its type. */
function standIn(setting: Setting): unknown {
  switch (setting.kind) {
    case 'section':
      if (setting.optional) return undefined
      return Object.fromEntries(Object.entries(setting.fields).map(([key, field]) => [key, standIn(field)]))
    case 'list':
      return setting.default ?? (setting.optional ? undefined : [])
    case 'header-map':
      return new Map()
    case 'size':
      return setting.default === undefined ? undefined : setting.default * unitBytes[setting.unit]
    case 'text':
    case 'scalar':
      return setting.default ?? (setting.required ? '' : undefined)
    case 'choice':
      return setting.default ?? (setting.required ? setting.values[0] : undefined)
    default:
      return setting.default
  }
}
