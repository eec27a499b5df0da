/** What an audit entry keeps of a call's parameters: as they are, in so much room. */

const maxText = 1024
const maxJson = 4096

/** A value too large for an entry is cut, and is a text then. */
export function auditable(parameters: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> {
  return Object.fromEntries(
    Object.entries(parameters)
      .filter(([, value]) => value !== undefined)
      .map(([name, value]) => [name, fitting(value)]),
  )
}

function fitting(value: unknown): unknown {
  if (typeof value === 'string') return cut(value, maxText)
  if (typeof value !== 'object' || value === null) return value
  const text = JSON.stringify(value)
  return text.length <= maxJson ? value : cut(text, maxJson)
}

function cut(text: string, length: number): string {
  return text.length <= length ? text : `${text.slice(0, length).toWellFormed()}…`
}
