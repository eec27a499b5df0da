/** YAML text as a plain tree in which every node knows its path and line; aliases and merge keys are gone. */

import {
  type Alias,
  isAlias,
  isMap,
  isScalar,
  isSeq,
  LineCounter,
  type Node,
  type Pair,
  parseDocument,
  visit,
  type YAMLError,
  type YAMLMap,
} from 'yaml'
import type { Place, Problem } from './problem.ts'

export interface MapTree extends Place {
  readonly kind: 'map'
  readonly entries: Map<string, Tree>
}
export interface ListTree extends Place {
  readonly kind: 'list'
  readonly items: readonly Tree[]
}
export interface ScalarTree extends Place {
  readonly kind: 'scalar'
  readonly value: unknown
  /** Written without quotes. */
  readonly plain: boolean
}
export type Tree = MapTree | ListTree | ScalarTree

export interface TreeResult {
  /** Undefined when the text is no YAML map. */
  readonly tree: MapTree | undefined
  readonly problems: readonly Problem[]
}

// Far above any real configuration; they stop a file whose aliases multiply.
const maxNodes = 100_000
const maxDepth = 100

/** `fileName` stands as the path of problems that belong to no setting. */
export function parseTree(text: string, fileName: string): TreeResult {
  const lines = new LineCounter()
  const document = parseDocument(text, { lineCounter: lines, merge: true, prettyErrors: false, uniqueKeys: false })
  const lineAt = (offset: number) => lines.linePos(offset).line
  const faults = [...document.errors, ...document.warnings]
  if (faults.length > 0) return { tree: undefined, problems: syntaxProblems(faults, fileName, lineAt) }
  if (document.contents === null) return failed(fileName, 'the file is empty')
  const builder = new TreeBuilder(fileName, lineAt, aliasTargets(document.contents))
  const tree = builder.build(document.contents, { path: '', line: 1 }, 0)
  if (tree.kind !== 'map') return failed(fileName, `must be a map of settings, not ${kindName(tree)}`)
  return { tree, problems: builder.problems }
}

/** A key without a value says as little as no key. */
export function isNothing(node: Tree | undefined): node is undefined {
  return node === undefined || (node.kind === 'scalar' && node.value === null)
}

export function kindName(tree: Tree): string {
  return tree.kind === 'scalar' ? 'a single value' : `a ${tree.kind}`
}

/** `key` as the next step of a path; quoted when it is not a plain word. */
export function childPath(path: string, key: string): string {
  const step = /^[\w<-]{1,64}$/.test(key) ? key : JSON.stringify(key.length > 64 ? `${key.slice(0, 64)}…` : key)
  return path === '' ? step : `${path}.${step}`
}

function failed(fileName: string, message: string): TreeResult {
  return { tree: undefined, problems: [{ path: fileName, message }] }
}

function syntaxProblems(
  faults: readonly YAMLError[],
  fileName: string,
  lineAt: (offset: number) => number,
): readonly Problem[] {
  const problems = new Map<string, Problem>()
  for (const fault of faults) {
    const line = lineAt(fault.pos[0])
    const message = syntaxMessage(fault)
    problems.set(`${line} ${message}`, { path: fileName, line, message })
  }
  return [...problems.values()].toSorted((a, b) => (a.line ?? 0) - (b.line ?? 0))
}

/** The parser's own words, less the piece of the file that some of them quote: it may hold a secret. */
function syntaxMessage(fault: YAMLError): string {
  if (fault.code === 'RESOURCE_EXHAUSTION') return 'is not valid YAML: nested too deeply'
  const words = fault.code === 'UNEXPECTED_TOKEN' ? fault.message.split(': ', 1)[0] : fault.message
  return `is not valid YAML: ${words}`
}

/** An alias means the last node before it that carries its anchor. */
function aliasTargets(root: Node): ReadonlyMap<Alias, Node> {
  const anchors = new Map<string, Node>()
  const targets = new Map<Alias, Node>()
  visit(root, {
    Alias(_, alias) {
      const target = anchors.get(alias.source)
      if (target !== undefined) targets.set(alias, target)
    },
    Value(_, node) {
      if (node.anchor !== undefined) anchors.set(node.anchor, node)
    },
  })
  return targets
}

class TreeBuilder {
  readonly problems: Problem[] = []
  readonly #fileName: string
  readonly #lineAt: (offset: number) => number
  readonly #targets: ReadonlyMap<Alias, Node>
  readonly #open = new Set<Node>()
  #nodes = 0

  constructor(fileName: string, lineAt: (offset: number) => number, targets: ReadonlyMap<Alias, Node>) {
    this.#fileName = fileName
    this.#lineAt = lineAt
    this.#targets = targets
  }

  build(given: unknown, place: Place, depth: number): Tree {
    const node = this.#resolve(given, place)
    if (node === undefined || !this.#mayGrow(depth)) return { ...place, kind: 'scalar', value: null, plain: true }
    if (isScalar(node)) return { ...place, kind: 'scalar', value: node.value, plain: node.type === 'PLAIN' }
    this.#open.add(node)
    const tree: Tree = isMap(node)
      ? { ...place, kind: 'map', entries: this.#entries(node, place.path, depth) }
      : { ...place, kind: 'list', items: this.#items(node, place, depth) }
    this.#open.delete(node)
    return tree
  }

  /** Follows an alias. Undefined for nothing at all, and for an alias that leads nowhere. */
  #resolve(given: unknown, place: Place): Node | undefined {
    if (!isAlias(given)) return isScalar(given) || isMap(given) || isSeq(given) ? given : undefined
    const target = this.#targets.get(given)
    if (target === undefined) this.#fault(place, `no anchor &${given.source} comes before this alias`)
    else if (this.#open.has(target)) this.#fault(place, `the alias *${given.source} lies inside what it stands for`)
    else return target
    return undefined
  }

  #mayGrow(depth: number): boolean {
    this.#nodes++
    if (this.#nodes === maxNodes) {
      this.problems.push({ path: this.#fileName, message: `its aliases expand to more than ${maxNodes} values` })
    }
    if (depth === maxDepth) this.problems.push({ path: this.#fileName, message: 'is nested too deeply' })
    return this.#nodes < maxNodes && depth < maxDepth
  }

  #items(node: Node, place: Place, depth: number): readonly Tree[] {
    if (!isSeq(node)) return []
    return node.items.map((item, index) => {
      const line = this.#lineOf(item) ?? place.line
      return this.build(item, { path: `${place.path}[${index}]`, line }, depth + 1)
    })
  }

  #entries(node: YAMLMap, path: string, depth: number): Map<string, Tree> {
    const entries = new Map<string, Tree>()
    const merged: MapTree[] = []
    for (const pair of node.items) {
      const line = this.#lineOf(pair.key) ?? 1
      if (isMergeKey(pair)) merged.push(...this.#mergeSources(pair.value, { path, line }, depth))
      else this.#addEntry(entries, pair, { path, line }, depth)
    }
    for (const source of merged) {
      for (const [key, value] of source.entries) if (!entries.has(key)) entries.set(key, value)
    }
    return entries
  }

  #addEntry(entries: Map<string, Tree>, pair: Pair, holder: Place, depth: number): void {
    if (!isScalar(pair.key)) {
      this.#fault({ path: childPath(holder.path, '?'), line: holder.line }, 'a key must be a single word')
      return
    }
    const key = pair.key.source ?? String(pair.key.value)
    if (depth === 0 && key.startsWith('x-')) return
    const place = { path: childPath(holder.path, key), line: holder.line }
    const first = entries.get(key)
    if (first === undefined) entries.set(key, this.build(pair.value, place, depth + 1))
    else this.#fault(place, `given twice, first on line ${first.line}`)
  }

  /** What `<<` names: one map, or a list of maps of which the earlier win. Their entries take this map's path. */
  #mergeSources(value: unknown, place: Place, depth: number): readonly MapTree[] {
    const node = this.#resolve(value, place)
    const sources = isSeq(node) ? node.items : [value]
    const trees = sources.map((source) => this.build(source, place, depth + 1))
    if (trees.every((tree) => tree.kind === 'map')) return trees
    this.#fault({ path: childPath(place.path, '<<'), line: place.line }, 'must name a map, or a list of maps')
    return []
  }

  #lineOf(node: unknown): number | undefined {
    const range = isScalar(node) || isMap(node) || isSeq(node) || isAlias(node) ? node.range : undefined
    return range ? this.#lineAt(range[0]) : undefined
  }

  #fault(place: Place, message: string): void {
    this.problems.push({ ...place, message })
  }
}

function isMergeKey(pair: Pair): boolean {
  return isScalar(pair.key) && pair.key.type === 'PLAIN' && pair.key.source === '<<'
}
