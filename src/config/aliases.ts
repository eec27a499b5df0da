/** Older places of settings: what is found there is moved to where the table has it. */

import type { Report } from './problem.ts'
import { type Alias, olderKeys } from './schema.ts'
import { suggest } from './suggestion.ts'
import { childPath, isNothing, kindName, type MapTree, type Tree } from './yaml-tree.ts'

/** Changes the tree. Moved nodes keep the path they were written at, for messages. */
export function moveAliases(tree: MapTree, aliases: readonly Alias[], report: Report): void {
  for (const alias of aliases) {
    for (const holder of mapsAt(tree, alias.holder)) moveAlias(holder, alias, report)
  }
  for (const alias of aliases) {
    for (const holder of mapsAt(tree, alias.holder)) dropContainer(holder, alias, aliases, report)
  }
}

/** The map at a path, or all of them where the path goes through the items of a list: `buckets[]`. */
export function mapsAt(tree: MapTree, path: string): readonly MapTree[] {
  let found: readonly Tree[] = [tree]
  for (const step of path === '' ? [] : path.split('.')) found = found.flatMap((node) => stepFrom(node, step))
  return found.filter((node) => node.kind === 'map')
}

function stepFrom(node: Tree, step: string): readonly Tree[] {
  const inner = node.kind === 'map' ? node.entries.get(step.replace('[]', '')) : undefined
  if (inner === undefined) return []
  if (!step.endsWith('[]')) return [inner]
  return inner.kind === 'list' ? inner.items : []
}

function moveAlias(holder: MapTree, { from, to }: Alias, report: Report): void {
  const [fromParent, fromKey] = splitLast(from)
  const [source] = mapsAt(holder, fromParent)
  const moved = source?.entries.get(fromKey)
  if (source === undefined || moved === undefined) return
  source.entries.delete(fromKey)
  const [toParent, toKey] = splitLast(to)
  const target = toParent === '' ? holder : require(holder, toParent, moved)
  if (target === undefined) return // it is no section, which is told when it is read
  const twin = target.entries.get(toKey)
  if (twin === undefined) {
    target.entries.set(toKey, moved)
    return
  }
  const message = `is given twice: here and as ${twin.path} (line ${twin.line})`
  report.add({ path: moved.path, line: moved.line, message })
}

/** A section that exists only as an older place has nothing else to say. */
function dropContainer(map: MapTree, { holder, from }: Alias, aliases: readonly Alias[], report: Report): void {
  const [container, rest] = [from.split('.', 1)[0] ?? '', from.includes('.')]
  const node = map.entries.get(container)
  const isRealSection = aliases.some((alias) => alias.holder === holder && alias.to.startsWith(`${container}.`))
  if (node === undefined || !rest || isRealSection) return
  map.entries.delete(container)
  if (node.kind !== 'map') {
    if (node.kind === 'scalar' && node.value === null) return
    report.add({ path: node.path, line: node.line, message: `must be a section of settings, not ${kindName(node)}` })
    return
  }
  const known = olderKeys(aliases, holder === '' ? container : `${holder}.${container}`)
  for (const [key, { line }] of node.entries) {
    report.add({ path: childPath(node.path, key), line, message: `unknown key${suggest(key, known)}` })
  }
}

/** The map at a path one step deep or more; made when there is none. Undefined when something else is there. */
function require(tree: MapTree, path: string, like: Tree): MapTree | undefined {
  let map = tree
  for (const key of path.split('.')) {
    const there = map.entries.get(key)
    const { path, line } = there ?? { path: childPath(map.path, key), line: like.line }
    const next: Tree = isNothing(there) ? { kind: 'map', path, line, entries: new Map() } : there
    if (next.kind !== 'map') return undefined
    map.entries.set(key, next)
    map = next
  }
  return map
}

function splitLast(path: string): readonly [parent: string, key: string] {
  const dot = path.lastIndexOf('.')
  return [path.slice(0, Math.max(dot, 0)), path.slice(dot + 1)]
}
