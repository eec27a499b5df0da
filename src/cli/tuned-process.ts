import { join } from 'node:path'

/**
 * What node, V8 and malloc read only when a process starts.
 *
 * - A young generation that begins with 1 MiB, as it does when nobody says otherwise, finds most of itself alive while the
 *   first requests come. V8 concludes that such objects live long, and puts them into the old generation from then on: a
 *   cached hit cost 30-50 µs instead of 17-21 (user time, 50 connections), most of it in the collector.
 * - More than 8 MiB a space (16 is the default) buy nothing: most of what a request makes is garbage by then either way.
 * - What node has made of the sources, it makes again at every start and in every worker, unless it may keep it: half a second of
 *   CPU, and 16 MB for what strips the types. It judges by their content, so that what is kept is never older than they are.
 * - malloc keeps up to eight arenas a core, and each of them what once was its peak. One does for one busy thread.
 *
 * 100,000 objects of 32 KiB through a memory tier of 256 MB, resident: 550 MB without them, 491 with them.
 */
const v8Flags = ['--min-semi-space-size=8', '--max-semi-space-size=8', '--no-allocation-site-pretenuring']
const mallocArenas = '1'

/** Nobody writes there who could not change what is loaded anyway. Where it cannot be written, nothing is kept. */
const compileCache = join(import.meta.dirname, '../../node_modules/.cache/yatagarasu')

type Environment = Readonly<Record<string, string | undefined>>

/**
 * Replaces the running program by itself, under the same pid, with the flags above; returns when it runs with them already,
 * or where a program can't be replaced. Flags given on the command line come last, so they win.
 */
export function restartTuned(env: Environment): void {
  if (process.execve === undefined || v8Flags.every((flag) => process.execArgv.includes(flag))) return
  const [node, script, ...words] = process.argv as [string, string, ...string[]]
  process.execve(process.execPath, [node, ...v8Flags, ...process.execArgv, script, ...words], {
    ...definedIn(env),
    MALLOC_ARENA_MAX: env['MALLOC_ARENA_MAX'] ?? mallocArenas,
    NODE_COMPILE_CACHE: env['NODE_COMPILE_CACHE'] ?? compileCache,
  })
}

function definedIn(env: Environment): Record<string, string> {
  return Object.fromEntries(Object.entries(env).filter((entry): entry is [string, string] => entry[1] !== undefined))
}
