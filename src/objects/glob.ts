/** Patterns over whole texts: `*` is any characters, `/` too, `?` is one, and a backslash makes the next one plain. */

const any = -1
const one = -2

export class Glob {
  /** UTF-16 units, and the two wildcards. */
  readonly #parts: readonly number[]
  /** What all texts that match begin with. */
  readonly start: string
  /** All texts that begin so match, and no others. */
  readonly isPrefix: boolean
  /** Nothing but `start` itself matches. */
  readonly isPlain: boolean

  private constructor(parts: readonly number[]) {
    this.#parts = parts
    const wildcard = parts.findIndex((part) => part < 0)
    this.isPlain = wildcard === -1
    this.isPrefix = wildcard === parts.length - 1 && parts[wildcard] === any
    this.start = String.fromCharCode(...(this.isPlain ? parts : parts.slice(0, wildcard)))
  }

  /** Undefined when it ends in the middle of an escape, or is longer than an object key can be. */
  static parse(pattern: string): Glob | undefined {
    if (pattern.length > maxLength || !wholeEscapes.test(pattern)) return undefined
    const parts: number[] = []
    for (const [piece] of pattern.matchAll(pieces)) {
      if (piece.startsWith('*')) parts.push(any)
      else if (piece === '?') parts.push(one)
      else parts.push(piece.charCodeAt(piece.length - 1))
    }
    return new Glob(parts)
  }

  /**
   * Goes back to the last `*` alone, which then takes one unit more: no pattern takes longer than its length times that of
   * the text. A regular expression would go back to all of them.
   */
  matches(text: string): boolean {
    const parts = this.#parts
    let [at, from] = [0, 0]
    let [retryAt, retryFrom] = [-1, 0]
    while (from < text.length) {
      const part = parts[at]
      if (part === any) {
        at += 1
        ;[retryAt, retryFrom] = [at, from]
      } else if (part === one || part === text.charCodeAt(from)) {
        at += 1
        from += part === one ? unitsAt(text, from) : 1
      } else {
        if (retryAt === -1) return false
        retryFrom += 1
        ;[at, from] = [retryAt, retryFrom]
      }
    }
    return at === parts.length || (at === parts.length - 1 && parts[at] === any)
  }
}

/** Units; an escaped one with its backslash. Stars in a row are as good as one. */
const pieces = /\*+|\\?./gs
const wholeEscapes = /^(?:[^\\]|\\.)*$/s

/** S3's bound for keys is 1,024 bytes; escapes double them. */
const maxLength = 2048

function unitsAt(text: string, from: number): number {
  return (text.codePointAt(from) ?? 0) > 0xffff ? 2 : 1
}
