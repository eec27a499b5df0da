/** What a PromQL expression speaks of. Enough of its grammar for that; whether it is valid, `promtool` says. */

export interface Matcher {
  readonly label: string
  readonly operator: '=' | '!=' | '=~' | '!~'
  readonly value: string
}

export interface Selector {
  readonly name: string
  readonly matchers: readonly Matcher[]
}

export interface Spoken {
  readonly selectors: readonly Selector[]
  /** Labels of `by`, `on` and the like. */
  readonly grouping: readonly string[]
}

export type Series = Readonly<Record<string, string>> & { readonly __name__: string }

const selector = /([a-zA-Z_:][\w:]*)\s*\{((?:"(?:[^"\\]|\\.)*"|[^}"])*)\}/g
const matchers = /(\w+)\s*(=~|!~|!=|=)\s*("(?:[^"\\]|\\.)*")\s*(?:,\s*|$)/gy
const constant = /"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*'|\[[^\]]*\]/g
const list = /\b(?:by|without|on|ignoring|group_left|group_right)\s*\(([^)]*)\)/g
/** What is not called is a metric, unless it is an operator. */
const bareName = /(?<![\w:.])(?!(?:and|or|unless|bool|offset)\b)[a-zA-Z_:][\w:]*(?![\w:]|\s*\()/g

export function spokenOf(expression: string): Spoken {
  const withMatchers = [...expression.matchAll(selector)]
  const rest = expression.replaceAll(selector, ' ').replaceAll(constant, ' ')
  if (rest.includes('{')) throw new Error(`a selector without a name: ${expression}`)
  const bare = rest.replaceAll(list, ' ').match(bareName) ?? []
  return {
    selectors: [
      ...withMatchers.map(([, name = '', inside = '']) => ({ name, matchers: matchersOf(inside) })),
      ...bare.map((name) => ({ name, matchers: [] })),
    ],
    grouping: [...rest.matchAll(list)].flatMap(([, labels = '']) => labels.split(',').map((label) => label.trim())),
  }
}

function matchersOf(text: string): readonly Matcher[] {
  const found = [...text.trim().matchAll(matchers)]
  if (found.map(([all]) => all).join('') !== text.trim()) throw new Error(`matchers that cannot be read: ${text}`)
  return found.map(([, label = '', operator = '', quoted = '']) => ({
    label,
    operator: operator as Matcher['operator'],
    value: JSON.parse(quoted),
  }))
}

/** As Prometheus does: a label that is not there is empty, and a pattern is for the whole value. */
export function selects({ name, matchers }: Selector, series: Series): boolean {
  return series.__name__ === name && matchers.every((matcher) => holds(matcher, series[matcher.label] ?? ''))
}

function holds({ operator, value }: Matcher, actual: string): boolean {
  const isEqual = operator.endsWith('~') ? new RegExp(`^(?:${value})$`).test(actual) : actual === value
  return operator.startsWith('!') ? !isEqual : isEqual
}

/** The series of a scrape, with the labels that Prometheus adds. */
export function scraped(exposition: string, target: Readonly<Record<string, string>>): readonly Series[] {
  return [...exposition.matchAll(/^([a-zA-Z_:][\w:]*)(?:\{(.*)\})? \S+$/gm)].map(
    ([, __name__ = '', described = '']) => {
      const labels = [...described.matchAll(/(\w+)="((?:[^"\\]|\\.)*)"/g)].map(([, label = '', value = '']) => [
        label,
        value,
      ])
      return { ...target, ...Object.fromEntries(labels), __name__ }
    },
  )
}
