/** The kinds of settings the table is made of. A setting is data only: reading, documentation and JSON Schema interpret it. */

import type { Format } from './formats.ts'

interface Shared {
  /** One or two sentences for the documentation. */
  readonly help: string
  /** Older places of this setting, as paths from the list item around it, or else from the top. */
  readonly aliases?: readonly string[]
  readonly required?: true
  /** In words: what holds when an optional setting is absent. */
  readonly absent?: string
  /** YAML for the example file, where the default says too little. */
  readonly example?: string
}

export interface TextKind extends Shared {
  readonly kind: 'text'
  readonly default?: string
  /** Nothing between the quotes is an error, and not the default. */
  readonly refusesEmpty?: true
  /** A number without quotes is read as the text it is written as. Whole numbers only. */
  readonly mayBeNumber?: true
  readonly format?: Format
  /** What nobody is shown of it: anything, or of a URL what is behind its host. */
  readonly secret?: 'all' | 'beyond-host'
}
export interface FlagKind extends Shared {
  readonly kind: 'flag'
  readonly default?: boolean
}
export interface NumberKind extends Shared {
  readonly kind: 'number'
  readonly default?: number
  readonly unit?: 'seconds' | 'milliseconds'
  /** Without a fraction. */
  readonly whole?: true
  readonly min: number
  readonly max: number
}
export interface SizeKind extends Shared {
  readonly kind: 'size'
  /** What a bare number counts. Values are bytes all the same; bounds and default are in this unit. */
  readonly unit: 'bytes' | 'megabytes'
  readonly default?: number
  readonly min: number
  readonly max: number
}
export interface ChoiceKind extends Shared {
  readonly kind: 'choice'
  readonly values: readonly string[]
  readonly default?: string
}
/** Text, a number or a boolean, whichever it is written as. */
export interface ScalarKind extends Shared {
  readonly kind: 'scalar'
  readonly default?: never
}
/** One of a few words, or a value of another kind. */
export interface WordOrKind extends Shared {
  readonly kind: 'word-or'
  readonly words: readonly string[]
  readonly other: Setting
  readonly default?: string | number
}
export interface ListKind extends Shared {
  readonly kind: 'list'
  readonly of: Setting
  readonly default?: readonly string[]
  readonly mayBeEmpty: boolean
  /** One item may stand there without the list around it, and is read as that item. */
  readonly orOne?: true
  /** Absent it is undefined, which an empty list is not. */
  readonly optional?: true
}
/** Header names, each with its value. */
export interface HeaderMapKind extends Shared {
  readonly kind: 'header-map'
  readonly name: Format
  readonly value: Format
}
export interface SectionKind extends Shared {
  readonly kind: 'section'
  readonly fields: Readonly<Record<string, Setting>>
  /** Absent it is undefined: that it is there says something, even with nothing in it. */
  readonly optional?: true
  /** Keys of which either these or those have to be there. For editors: when a file is loaded, a rule sees to it. */
  readonly alternatives?: readonly (readonly string[])[]
}

export type Kind =
  | TextKind
  | FlagKind
  | NumberKind
  | SizeKind
  | ChoiceKind
  | ScalarKind
  | WordOrKind
  | ListKind
  | HeaderMapKind
  | SectionKind

declare const value: unique symbol

/** `T`: what reading it gives. */
export type Setting<T = unknown> = Kind & { readonly [value]?: T }
export type ValueOf<S> = S extends { readonly [value]?: infer T } ? T : never

type Fields = Readonly<Record<string, Setting>>
type FieldValues<F> = { readonly [K in keyof F]: ValueOf<F[K]> }
type Options<K> = Omit<K, 'kind'>
/** `undefined` for a setting that has no default and is not required. */
type Absent<O> = O extends { readonly default: unknown } | { readonly required: true } ? never : undefined

export function text<const O extends Options<TextKind>>(options: O): Setting<string | Absent<O>> {
  return { kind: 'text', ...options }
}

export function flag<const O extends Options<FlagKind>>(options: O): Setting<boolean | Absent<O>> {
  return { kind: 'flag', ...options }
}

export function number<const O extends Options<NumberKind>>(options: O): Setting<number | Absent<O>> {
  return { kind: 'number', ...options }
}

/** In bytes. */
export function size<const O extends Options<SizeKind>>(options: O): Setting<number | Absent<O>> {
  return { kind: 'size', ...options }
}

export function choice<const O extends Options<ChoiceKind>>(options: O): Setting<O['values'][number] | Absent<O>> {
  return { kind: 'choice', ...options }
}

export function scalar<const O extends Options<ScalarKind>>(
  options: O,
): Setting<string | number | boolean | Absent<O>> {
  return { kind: 'scalar', ...options }
}

export function wordOr<
  const W extends string,
  S extends Setting,
  const O extends Shared & { default?: string | number },
>(words: readonly W[], other: S, options: O): Setting<W | Exclude<ValueOf<S>, undefined> | Absent<O>> {
  return { kind: 'word-or', words, other, ...options }
}

/** Repeated items are refused wherever items are text. */
export function list<S extends Setting>(
  of: S,
  options: Shared & { default?: readonly string[]; mayBeEmpty: boolean },
): Setting<readonly Exclude<ValueOf<S>, undefined>[]> {
  return { kind: 'list', of, ...options }
}

/** Absent it is undefined, which an empty list is not. */
export function optionalList<S extends Setting>(
  of: S,
  options: Shared & { mayBeEmpty: boolean },
): Setting<readonly Exclude<ValueOf<S>, undefined>[] | undefined> {
  return { kind: 'list', of, optional: true, ...options }
}

/** One item as it is, or a list of them. Absent: an empty list. */
export function oneOrList<S extends Setting>(
  of: S,
  options: Shared & { mayBeEmpty: boolean },
): Setting<Exclude<ValueOf<S>, undefined> | readonly Exclude<ValueOf<S>, undefined>[]> {
  return { kind: 'list', of, orOne: true, ...options }
}

export function headerMap(options: Options<HeaderMapKind>): Setting<ReadonlyMap<string, string>> {
  return { kind: 'header-map', ...options }
}

export function section<F extends Fields>(
  help: string,
  fields: F,
  options?: Partial<Shared> & Pick<SectionKind, 'alternatives'>,
): Setting<FieldValues<F>> {
  return { kind: 'section', help, fields, ...options }
}

export function optionalSection<F extends Fields>(
  help: string,
  fields: F,
  options?: Partial<Shared>,
): Setting<FieldValues<F> | undefined> {
  return { kind: 'section', help, fields, optional: true, ...options }
}

/** The same settings as an override: absent, each is taken from `path`. */
export function inherited<F extends Fields>(
  path: string,
  fields: F,
): { readonly [K in keyof F]: Setting<ValueOf<F[K]> | undefined> } {
  const overrides = Object.entries(fields).map(([key, setting]) => {
    const { default: _, ...rest } = { default: undefined, ...setting }
    const example = setting.example ?? ('default' in setting ? String(setting.default) : undefined)
    const optional = setting.kind === 'list' ? { optional: true } : {}
    return [
      key,
      { ...rest, ...optional, absent: `as \`${path}.${key}\``, ...(example === undefined ? {} : { example }) },
    ]
  })
  return Object.fromEntries(overrides)
}
