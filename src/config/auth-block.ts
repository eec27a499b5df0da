/** The older `auth` block of a bucket: made ready for `moveAliases` to turn it into the `jwt` block it stands for. */

import { mapsAt } from './aliases.ts'
import type { Report } from './problem.ts'
import { isNothing, type MapTree } from './yaml-tree.ts'

/** Changes the tree. A block that is there protects its bucket, so none is lost, whatever is in it. */
export function openAuthBlocks(tree: MapTree, report: Report): void {
  for (const bucket of mapsAt(tree, 'buckets[]')) openAuthBlock(bucket, report)
}

function openAuthBlock({ entries }: MapTree, report: Report): void {
  const [auth, jwt] = [entries.get('auth'), entries.get('jwt')]
  if (auth === undefined) return
  if (jwt !== undefined) {
    entries.delete('auth')
    const message = `cannot stand beside ${jwt.path} (line ${jwt.line}), which says the same`
    report.add({ path: auth.path, line: auth.line, message })
  } else if (auth.kind === 'map') {
    const { path, line } = auth
    const inner = auth.entries.get('jwt')
    if (isNothing(inner)) auth.entries.set('jwt', { kind: 'map', path, line, entries: new Map() })
    else if (inner.kind === 'map') forgetRepeatedSwitch(auth, inner)
  } else {
    entries.delete('auth')
    entries.set('jwt', auth)
  }
}

/** `auth.enabled` may repeat what `auth.jwt.enabled` says; it may not contradict it. */
function forgetRepeatedSwitch(auth: MapTree, jwt: MapTree): void {
  const [outer, inner] = [auth.entries.get('enabled'), jwt.entries.get('enabled')]
  if (outer?.kind === 'scalar' && inner?.kind === 'scalar' && outer.value === inner.value) {
    auth.entries.delete('enabled')
  }
}
