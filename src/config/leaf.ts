/** One value of the file as a setting wants it. */

import type { ChoiceKind, FlagKind, NumberKind, ScalarKind, Setting, SizeKind, TextKind } from './setting.ts'
import { suggest } from './suggestion.ts'

export interface Given {
  readonly value: unknown
  /** It came from one unquoted `${…}`: text that may stand for a number or a boolean. */
  readonly loose: boolean
}

export type Leaf = TextKind | FlagKind | NumberKind | SizeKind | ChoiceKind | ScalarKind
export type LeafResult = { readonly value: string | number | boolean } | { readonly problem: string }

// A number as YAML's core schema writes it, in decimal.
const decimal = /^[-+]?(\d+(\.\d*)?|\.\d+)([eE][-+]?\d+)?$/
const sizeText = /^(\d+(?:\.\d+)?)\s*([KMGT]?)(i?B)?$/i
const powers: Readonly<Record<string, number>> = { '': 1, K: 1024, M: 1024 ** 2, G: 1024 ** 3, T: 1024 ** 4 }
export const unitBytes = { bytes: 1, megabytes: 1024 ** 2 } as const

export function parseLeaf(setting: Leaf, given: Given): LeafResult {
  switch (setting.kind) {
    case 'text':
      return parseText(setting, given)
    case 'flag':
      return parseFlag(given)
    case 'number':
      return parseNumber(setting, given)
    case 'size':
      return parseSize(setting, given)
    case 'choice':
      return parseChoice(setting, given)
    case 'scalar':
      return parseScalar(setting, given)
  }
}

/** What a value must be, as in "must be …". */
export function describe(setting: Setting): string {
  switch (setting.kind) {
    case 'text':
      return 'text'
    case 'flag':
      return 'true or false'
    case 'number':
      return `a ${setting.whole ? 'whole ' : ''}number${setting.unit === undefined ? '' : ` of ${setting.unit}`}`
    case 'size':
      return `a whole number of ${setting.unit} or a size such as "512${setting.unit === 'bytes' ? 'KB' : 'MB'}"`
    case 'choice':
      return oneOf(setting.values)
    case 'scalar':
      return 'text, a number, true or false'
    case 'word-or':
      return `${describe(setting.other)}, or ${setting.words.join(' or ')}`
    case 'list':
      return setting.orOne ? `${describe(setting.of)}, or a list` : 'a list'
    case 'header-map':
      return 'a map of header names and values'
    case 'section':
      return 'a section of settings'
  }
}

export function oneOf(words: readonly string[]): string {
  return words.length === 1 ? `${words[0]}` : `one of ${words.join(', ')}`
}

function parseText(setting: TextKind, { value }: Given): LeafResult {
  const text = setting.mayBeNumber && Number.isInteger(value) ? String(value) : value
  if (typeof text !== 'string') return { problem: 'must be text; put it in quotes' }
  const problem = setting.format?.problem(text)
  return problem === undefined ? { value: text } : { problem }
}

function parseFlag({ value, loose }: Given): LeafResult {
  if (typeof value === 'boolean') return { value }
  if (loose && /^(true|True|TRUE)$/.test(String(value))) return { value: true }
  if (loose && /^(false|False|FALSE)$/.test(String(value))) return { value: false }
  return { problem: `must be true or false${unquoted(value, /^(true|false)$/i)}` }
}

function parseNumber(setting: NumberKind, given: Given): LeafResult {
  const number = toNumber(given)
  if (number === undefined || (setting.whole && !Number.isInteger(number))) {
    return { problem: `must be ${describe(setting)}${unquoted(given.value, decimal)}` }
  }
  return withinBounds(number, setting.min, setting.max) ?? { value: number }
}

function parseSize(setting: SizeKind, given: Given): LeafResult {
  const unit = unitBytes[setting.unit]
  const number = toNumber(given)
  const bytes = number === undefined ? sizeInBytes(given.value) : number * unit
  if (bytes === undefined || (number !== undefined && number >= 0 && !Number.isInteger(number))) {
    return { problem: `must be ${describe(setting)}` }
  }
  return withinBounds(bytes / unit, setting.min, setting.max, sizeBound(setting)) ?? { value: Math.floor(bytes) }
}

function sizeBound(setting: SizeKind): (bound: number) => string {
  return (bound) => (bound < 1 && bound > 0 ? '1 byte' : `${bound} ${setting.unit}`)
}

function parseChoice({ values }: ChoiceKind, { value }: Given): LeafResult {
  // A word such as 1.2 is a number to YAML, unless it stands in quotes.
  const word = typeof value === 'number' ? String(value) : value
  if (typeof word !== 'string') return { problem: `must be ${oneOf(values)}` }
  return values.includes(word) ? { value: word } : { problem: `must be ${oneOf(values)}${suggest(word, values)}` }
}

function parseScalar(setting: ScalarKind, { value, loose }: Given): LeafResult {
  const read = loose ? asYaml(String(value)) : value
  if (typeof read === 'string' || typeof read === 'boolean') return { value: read }
  if (typeof read !== 'number' || !Number.isFinite(read)) return { problem: `must be ${describe(setting)}` }
  // Rounded, it would stand for its neighbours too.
  const isExact = !Number.isInteger(read) || Number.isSafeInteger(read)
  return isExact ? { value: read } : { problem: 'must be a number of at most 15 digits, or text in quotes' }
}

/** What the text would be if it stood in the file without quotes. */
function asYaml(text: string): string | number | boolean {
  if (/^(true|True|TRUE)$/.test(text)) return true
  if (/^(false|False|FALSE)$/.test(text)) return false
  return decimal.test(text) ? Number(text) : text
}

function toNumber({ value, loose }: Given): number | undefined {
  const number = loose && typeof value === 'string' && decimal.test(value) ? Number(value) : value
  return typeof number === 'number' && Number.isFinite(number) ? number : undefined
}

function sizeInBytes(value: unknown): number | undefined {
  const parts = typeof value === 'string' ? sizeText.exec(value) : null
  if (parts === null) return undefined
  const [, amount = '', prefix = '', suffix] = parts
  // A bare number in quotes: megabytes or bytes? Nobody knows.
  if (prefix === '' && suffix === undefined) return undefined
  return Number(amount) * (powers[prefix.toUpperCase()] ?? 1)
}

function withinBounds(
  number: number,
  min: number,
  max: number,
  show: (bound: number) => string = String,
): { readonly problem: string } | undefined {
  if (number < min) return { problem: `must be at least ${show(min)}` }
  return number > max ? { problem: `must be at most ${show(max)}` } : undefined
}

function unquoted(value: unknown, form: RegExp): string {
  return typeof value === 'string' && form.test(value) ? ', without quotes' : ''
}
