/** The arena's own sources, changed: with a call at every step that others can see, and with mistakes put in on purpose. */

import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'

export interface Edit {
  readonly file: string
  /** Has to be in the file, once or more often. */
  readonly from: string
  readonly to: string
}

export interface ArenaVariant extends Disposable {
  /** Where a file of the arena is to be imported from, in any thread. */
  urlOf(file: string): string
}

const cache = join(import.meta.dirname, '../../src/cache')
const arena = join(cache, 'arena')

/** `globalThis.arenaStep?.()` is called after each step. */
export function arenaVariant(edits: readonly Edit[] = []): ArenaVariant {
  const root = mkdtempSync(join(tmpdir(), 'arena-variant-'))
  const copy = join(root, 'src/cache/arena')
  mkdirSync(copy, { recursive: true })
  writeFileSync(join(root, 'package.json'), '{ "type": "module" }')
  symlinkSync(join(cache, '../base'), join(root, 'src/base'))
  for (const file of readdirSync(cache))
    if (file !== 'arena') symlinkSync(join(cache, file), join(root, 'src/cache', file))
  for (const file of readdirSync(arena)) {
    const text = withEdits(file, readFileSync(join(arena, file), 'utf8'), edits)
    writeFileSync(join(copy, file), withSteps(text))
  }
  return {
    urlOf: (file) => pathToFileURL(join(copy, file)).href,
    [Symbol.dispose]: () => rmSync(root, { recursive: true }),
  }
}

function withEdits(file: string, text: string, edits: readonly Edit[]): string {
  let changed = text
  for (const { from, to } of edits.filter((edit) => edit.file === file)) {
    if (!changed.includes(from)) throw new Error(`${file} has no ${from}`)
    changed = changed.replaceAll(from, to)
  }
  return changed
}

const visibleStep = /Atomics\.\w+\(|\.(?:take|give|tryTake|pin|unpin)\(|words\[.*\] = |\.fill\(|\.setUses\(|\.tag\(/
/** A statement that ends on its line, or a line that opens a block. */
const isWhole = (line: string) =>
  /[)\]\w'] ?\{?$/.test(line) && !/=> ?\{?$|^\s*(?:return|for|\*|\/\/|export|const \{)/.test(line)

function withSteps(text: string): string {
  const lines = text.split('\n')
  const isCall = (line: string) => visibleStep.test(line) && isWhole(line) && !/^ {2}\S.*\{$/.test(line)
  return lines.map((line) => (isCall(line) ? `${line}\n;(globalThis as any).arenaStep?.();` : line)).join('\n')
}
