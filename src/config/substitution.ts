// biome-ignore-all lint/suspicious/noTemplateCurlyInString: `${…}` is what config files hold
/** `${NAME}` in the text of a setting. */

export type Environment = Readonly<Record<string, string | undefined>>

export type Substitution =
  /** `whole`: the text was one unquoted `${…}`, so that it may stand for a number or a boolean. */
  | { readonly kind: 'text'; readonly text: string; readonly whole: boolean }
  | { readonly kind: 'unset'; readonly names: readonly string[] }
  | { readonly kind: 'malformed'; readonly message: string }

const token = /\$\$\{|\$\{([^}]*)\}|\$\{/g
const variable = /^([A-Za-z_][A-Za-z0-9_]*)(?::-(.*))?$/s
const wholeToken = /^\$\{[^}]*\}$/

/** What the environment gives is taken as it is, never substituted again. */
export function substitute(text: string, plain: boolean, env: Environment): Substitution {
  const unset = new Set<string>()
  let malformed: string | undefined
  const result = text.replaceAll(token, (match: string, body: string | undefined) => {
    if (match === '$${') return '${'
    const looked = lookUp(body, env)
    if (looked.kind === 'value') return looked.value
    if (looked.kind === 'unset') unset.add(looked.name)
    else malformed = looked.message
    return ''
  })
  if (malformed !== undefined) return { kind: 'malformed', message: malformed }
  if (unset.size > 0) return { kind: 'unset', names: [...unset] }
  return { kind: 'text', text: result, whole: plain && wholeToken.test(text) }
}

type LookedUp =
  | { readonly kind: 'value'; readonly value: string }
  | { readonly kind: 'unset'; readonly name: string }
  | { readonly kind: 'malformed'; readonly message: string }

/** `body`: what stands between the braces; undefined when they do not close. */
function lookUp(body: string | undefined, env: Environment): LookedUp {
  const [, name, fallback] = variable.exec(body ?? '') ?? []
  if (name === undefined || fallback?.includes('${')) return { kind: 'malformed', message: explain(body, fallback) }
  const value = Object.hasOwn(env, name) ? env[name] : undefined
  if (fallback !== undefined) return { kind: 'value', value: value === undefined || value === '' ? fallback : value }
  return value === undefined ? { kind: 'unset', name } : { kind: 'value', value }
}

function explain(body: string | undefined, fallback: string | undefined): string {
  if (body === undefined) return 'a `${` has no closing `}`; write `$${` for a literal `${`'
  if (fallback !== undefined) return 'the default of a variable cannot hold another variable'
  return 'a variable is written `${NAME}` or `${NAME:-default}`; write `$${` for a literal `${`'
}
