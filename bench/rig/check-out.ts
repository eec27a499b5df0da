import { spawnSync } from 'node:child_process'
import { mkdirSync, symlinkSync } from 'node:fs'
import { join } from 'node:path'
import type { Session } from './session.ts'

const repository = join(import.meta.dirname, '..', '..')

/** The revision's files in the session's folder. An export rather than a git worktree: it leaves nothing in .git to prune. */
export function checkOut(session: Session, revision: string): string {
  const tree = join(session.folder, 'base-tree')
  mkdirSync(tree)
  const archive = join(session.folder, 'base-tree.tar')
  for (const [command, ...args] of [
    ['git', '-C', repository, 'archive', '--output', archive, revision],
    ['tar', '-x', '-f', archive, '-C', tree],
  ] as const) {
    const { status, stderr, error } = spawnSync(command, args, { encoding: 'utf8' })
    if (status !== 0) throw new Error(`cannot check out ${revision}: ${error?.message ?? stderr.trim()}`)
  }
  // The same modules for both: a change of dependencies is measured by an `npm ci` of its own, not here.
  symlinkSync(join(repository, 'node_modules'), join(tree, 'node_modules'))
  return tree
}
