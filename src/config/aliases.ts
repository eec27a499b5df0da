/** Older places of settings: what is found there is moved to where the table has it. */

import type { Report } from './problem.ts'
import { type Alias, olderKeys } from './schema.ts'
import { suggest } from './suggestion.ts'
import { childPath, kindName, type MapTree, type Tree } from './yaml-tree.ts'

/** Changes the tree. Moved nodes keep the path they were written at, for messages. */
export function moveAliases(tree: MapTree, aliases: readonly Alias[], report: Report): void {
  for (const alias of aliases) moveAlias(tree, alias, report)
  for (const { from } of aliases) dropContainer(tree, from, aliases, report)
}

function moveAlias(tree: MapTree, { from, to }: Alias, report: Report): void {
  const [fromParent, fromKey] = splitLast(from)
  const source = find(tree, fromParent)
  const moved = source?.entries.get(fromKey)
  if (source === undefined || moved === undefined) return
  source.entries.delete(fromKey)
  const [toParent, toKey] = splitLast(to)
  const target = toParent === '' ? tree : require(tree, toParent, moved)
  if (target === undefined) return // the holder is no section, which is told when it is read
  const twin = target.entries.get(toKey)
  if (twin === undefined) {
    target.entries.set(toKey, moved)
    return
  }
  const message = `is given twice: here and as ${twin.path} (line ${twin.line})`
  report.add({ path: moved.path, line: moved.line, message })
}

/** A section that exists only as an older place has nothing else to say. */
function dropContainer(tree: MapTree, from: string, aliases: readonly Alias[], report: Report): void {
  const [container, rest] = [from.split('.', 1)[0] ?? '', from.includes('.')]
  const node = tree.entries.get(container)
  const isRealSection = aliases.some(({ to }) => to.startsWith(`${container}.`))
  if (node === undefined || !rest || isRealSection) return
  tree.entries.delete(container)
  if (node.kind !== 'map') {
    if (node.kind === 'scalar' && node.value === null) return
    report.add({ path: node.path, line: node.line, message: `must be a section of settings, not ${kindName(node)}` })
    return
  }
  for (const [key, { line }] of node.entries) {
    report.add({
      path: childPath(node.path, key),
      line,
      message: `unknown key${suggest(key, olderKeys(aliases, container))}`,
    })
  }
}

function find(tree: MapTree, path: string): MapTree | undefined {
  let node: Tree | undefined = tree
  for (const key of path === '' ? [] : path.split('.')) node = node?.kind === 'map' ? node.entries.get(key) : undefined
  return node?.kind === 'map' ? node : undefined
}

/** The map at a path one step deep or more; made when there is none. Undefined when something else is there. */
function require(tree: MapTree, path: string, like: Tree): MapTree | undefined {
  let map = tree
  for (const key of path.split('.')) {
    const next: Tree = map.entries.get(key) ?? {
      kind: 'map',
      path: childPath(map.path, key),
      line: like.line,
      entries: new Map(),
    }
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
