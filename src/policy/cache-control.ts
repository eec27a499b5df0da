/** Cache-Control as a map of directives. RFC 9111 §5.2: "identified by a token, to be compared case-insensitively". */

/** Lower-case name to argument; `true` without one. A directive given twice with different arguments has both, joined by `, `. */
export type Directives = ReadonlyMap<string, string | true>

const token = /^[!#$%&'*+.^_`|~\w-]+/
const quoted = /^"(?:[^"\\]|\\.)*"$/s
// A quote opens a string only behind `=`, and one that never closes is an ordinary character: neither can hide what follows.
const member = /(?:="(?:[^"\\]|\\.)*"|[^,])+/gs

export const noArguments: Directives = new Map()

/**
 * Total: whatever does not begin with a token is skipped, and an argument that does not fit the grammar is kept as it
 * stands, so that no later check takes it for a valid one. Space around `=` does not fit (§5.2 has none).
 */
export function parseCacheControl(value: string | undefined): Directives {
  if (value === undefined || value === '') return noArguments
  const directives = new Map<string, string | true>()
  for (const [text] of value.matchAll(member)) {
    const trimmed = text.trim()
    const name = token.exec(trimmed)?.[0]
    if (name !== undefined) add(directives, name.toLowerCase(), argumentOf(trimmed.slice(name.length)))
  }
  return directives
}

function argumentOf(rest: string): string | true {
  if (rest === '') return true
  if (!rest.startsWith('=')) return rest
  const argument = rest.slice(1)
  // "recipients ought to accept both forms", token and quoted-string
  return quoted.test(argument) ? argument.slice(1, -1).replace(/\\(.)/gs, '$1') : argument
}

/** RFC 9111 §4.2.1: "If directives conflict […], the most restrictive directive should be honored." */
function add(directives: Map<string, string | true>, name: string, argument: string | true): void {
  const before = directives.get(name)
  if (before === undefined || argument === true) directives.set(name, argument)
  else if (before !== true && before !== argument) directives.set(name, `${before}, ${argument}`)
}

/** RFC 9111 §1.2.2: a larger value counts as "2147483648 (2^31)", over 68 years. */
const maxSeconds = 2 ** 31

/**
 * Milliseconds of a delta-seconds argument; undefined when there is none or it is not "a non-negative integer". Of
 * several the smallest: never later than the first, which §4.2.1 advises.
 */
export function deltaMs(argument: string | true | undefined): number | undefined {
  if (argument === undefined || argument === true) return undefined
  let seconds = maxSeconds
  for (const part of argument.split(', ')) {
    if (!/^\d+$/.test(part)) return undefined
    seconds = Math.min(seconds, Number(part))
  }
  return seconds * 1000
}

/** Like `deltaMs`, for what a response says: an invalid argument is as good as 0 (§4.2.1: "to be stale"). */
export function grantedMs(directives: Directives, name: string): number | undefined {
  return directives.has(name) ? (deltaMs(directives.get(name)) ?? 0) : undefined
}
