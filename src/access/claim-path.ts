/** Finds a claim by its dotted path. */

export type ClaimFinder = (claims: Readonly<Record<string, unknown>>) => unknown

/**
 * Names may hold dots themselves (`https://example.com/roles`), so at every step the longest name that the object has is
 * taken: the whole path first. Only members an object has itself count, and lists are not walked into. Undefined when
 * there is no such claim, and for `null`, which says as little.
 */
export function claimFinder(path: string): ClaimFinder {
  const parts = path.split('.')
  const stepsFrom = parts.map((_, from) => namesFrom(parts, from))
  return (claims) => {
    let found: unknown = claims
    for (let at = 0; at < parts.length; ) {
      if (!isObject(found)) return undefined
      const owner = found
      const step = stepsFrom[at]?.find(({ name }) => Object.hasOwn(owner, name))
      if (step === undefined) return undefined
      found = owner[step.name]
      at = step.next
    }
    return found ?? undefined
  }
}

interface NameStep {
  readonly name: string
  /** The part that comes after it. */
  readonly next: number
}

/** Longest first. */
function namesFrom(parts: readonly string[], from: number): readonly NameStep[] {
  const rest = parts.slice(from)
  return rest.map((_, shorter) => {
    const length = rest.length - shorter
    return { name: rest.slice(0, length).join('.'), next: from + length }
  })
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
