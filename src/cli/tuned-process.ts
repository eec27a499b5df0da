/**
 * What V8 and malloc read only when a process starts.
 *
 * - A young generation that begins with 1 MiB, as it does when nobody says otherwise, finds most of itself alive while the
 *   first requests come. V8 concludes that such objects live long, and puts them into the old generation from then on: a
 *   cached hit cost 30-50 µs instead of 17-21 (user time, 50 connections), most of it in the collector.
 * - More than 8 MiB a space (16 is the default) buy nothing: most of what a request makes is garbage by then either way.
 * - The old generation may double or triple before it is collected, and what was evicted since then lies in it, bodies
 *   included. Half again is enough: hits cost the same, misses a tenth more.
 * - malloc keeps up to eight arenas a core, and each of them what once was its peak. One does for one busy thread.
 *
 * Resident, after objects of 32 KiB and of 2 KiB went through memory tiers of 32 MB and 256 MB: 183 and 390 MB with all of
 * them, 241 and 545 without the growth bounded.
 */
const v8Flags = [
  '--min-semi-space-size=8',
  '--max-semi-space-size=8',
  '--no-allocation-site-pretenuring',
  '--heap-growing-percent=50',
]
const mallocArenas = '1'

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
  })
}

function definedIn(env: Environment): Record<string, string> {
  return Object.fromEntries(Object.entries(env).filter((entry): entry is [string, string] => entry[1] !== undefined))
}
