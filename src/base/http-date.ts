/** HTTP-date, read strictly but for letter case: what does not fit the grammar is no date (RFC 9110 §5.6.7). */

const months = ['jan', 'feb', 'mar', 'apr', 'may', 'jun', 'jul', 'aug', 'sep', 'oct', 'nov', 'dec']
const month = `(?<month>${months.join('|')})`
const day = '(?<day>\\d\\d)'
const time = '(?<hour>\\d\\d):(?<minute>\\d\\d):(?<second>\\d\\d)'
const shortName = '(?:mon|tue|wed|thu|fri|sat|sun)'
const longName = '(?:monday|tuesday|wednesday|thursday|friday|saturday|sunday)'

// RFC 9111 §4.2: "a cache recipient SHOULD match the field value case-insensitively", and it "SHOULD consider a date
// with a zone abbreviation other than "GMT" to be invalid".
const formats = [
  new RegExp(`^${shortName}, ${day} ${month} (?<year>\\d{4}) ${time} gmt$`, 'i'),
  new RegExp(`^${longName}, ${day}-${month}-(?<year>\\d\\d) ${time} gmt$`, 'i'),
  new RegExp(`^${shortName} ${month} (?<day>[ \\d]\\d) ${time} (?<year>\\d{4})$`, 'i'),
]

/** Milliseconds since 1970, or undefined when `text` is no HTTP-date. `nearMs` settles the century of a two-digit year. */
export function parseHttpDate(text: string | undefined, nearMs: number): number | undefined {
  if (text === undefined) return undefined
  for (const format of formats) {
    const groups = format.exec(text)?.groups
    if (groups !== undefined) return toMs(groups, nearMs)
  }
  return undefined
}

export function formatHttpDate(ms: number): string {
  return new Date(ms).toUTCString()
}

type Parts = Readonly<Record<string, string>>

function toMs(parts: Parts, nearMs: number): number | undefined {
  const year = Number(parts['year'])
  if (parts['year']?.length === 4) return instant(year, parts)
  const near = new Date(nearMs)
  const century = near.getUTCFullYear() - (near.getUTCFullYear() % 100)
  // "MUST interpret a timestamp that appears to be more than 50 years in the future as […] in the past"
  const latest = near.setUTCFullYear(near.getUTCFullYear() + 50)
  for (const candidate of [century + 100, century, century - 100]) {
    const at = instant(candidate + year, parts)
    if (at !== undefined && at <= latest) return at
  }
  return undefined
}

function instant(year: number, parts: Parts): number | undefined {
  const monthIndex = months.indexOf(String(parts['month']).toLowerCase())
  const read = (name: string) => Number(parts[name])
  const [dayOfMonth, hour, minute, second] = [read('day'), read('hour'), read('minute'), read('second')]
  // Second 60 is a leap second; it counts as the first of the next minute.
  if (hour > 23 || minute > 59 || second > 60) return undefined
  // Not Date.UTC, to which the year 94 is 1994.
  const at = new Date(0)
  at.setUTCFullYear(year, monthIndex, dayOfMonth)
  // A day that its month does not have rolls over into the next one.
  if (at.getUTCDate() !== dayOfMonth) return undefined
  return at.setUTCHours(hour, minute, second)
}
