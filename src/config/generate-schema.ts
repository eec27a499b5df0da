/** config/schema.json from the table: JSON Schema 2020-12, for editors. */

import { type Alias, aliasesOf, schema } from './schema.ts'
import type { SectionKind, Setting, SizeKind } from './setting.ts'

type Json = { readonly [key: string]: unknown }
/** Of a section. */
interface ObjectSchema extends Json {
  readonly properties: Record<string, Json>
}

const anyVariable = String.raw`\$\{`
const wholeVariable = { type: 'string', pattern: String.raw`^\$\{[^}]*\}$` }
const sizePattern = String.raw`^\d+(\.\d+)?\s*([KkMmGgTt][Ii]?)?[Bb]$`

export function jsonSchema(): string {
  const root = {
    $schema: 'https://json-schema.org/draft/2020-12/schema',
    title: 'Yatagarasu configuration',
    ...schemaOf(schema),
    patternProperties: { '^x-': {} },
  }
  // Inner older places first, so that the copy of a section has them too.
  for (const alias of aliasesOf(schema).toReversed()) copyProperty(root, alias)
  return `${JSON.stringify(root, undefined, 2)}\n`
}

function schemaOf(setting: Setting): Json {
  const described = { description: setting.help, ...defaultOf(setting) }
  switch (setting.kind) {
    case 'text': {
      const written = { type: 'string', ...patternOf(setting.format?.pattern, setting.required === true) }
      return { ...described, ...(setting.mayBeNumber ? { anyOf: [written, { type: 'integer' }] } : written) }
    }
    case 'flag':
      return { ...described, anyOf: [{ type: 'boolean' }, wholeVariable] }
    case 'number': {
      const { min: minimum, max: maximum } = setting
      return { ...described, anyOf: [{ type: setting.whole ? 'integer' : 'number', minimum, maximum }, wholeVariable] }
    }
    case 'size':
      return { ...described, anyOf: sizeForms(setting) }
    case 'choice':
      return {
        ...described,
        anyOf: [{ enum: setting.values.flatMap(asYamlHasIt) }, { type: 'string', pattern: anyVariable }],
      }
    case 'scalar':
      return { ...described, anyOf: ['string', 'number', 'boolean'].map((type) => ({ type })) }
    case 'word-or':
      return { ...described, anyOf: [{ enum: setting.words }, schemaOf(setting.other), wholeVariable] }
    case 'list': {
      const items = schemaOf(setting.of)
      const many = { type: 'array', items, ...(setting.mayBeEmpty ? {} : { minItems: 1 }) }
      return setting.orOne ? { ...described, anyOf: [items, many] } : { ...described, ...many }
    }
    case 'header-map':
      return {
        ...described,
        type: 'object',
        additionalProperties: { type: 'string', ...patternOf(setting.value.pattern, true) },
      }
    case 'section':
      return { ...described, ...sectionOf(setting) }
  }
}

function sectionOf({ fields, alternatives }: SectionKind): Json {
  const properties = Object.fromEntries(Object.entries(fields).map(([key, field]) => [key, schemaOf(field)]))
  // What has an older place may be there instead, which the loader sees to.
  const required = Object.keys(fields).filter((key) => fields[key]?.required && fields[key].aliases === undefined)
  return {
    type: 'object',
    additionalProperties: false,
    ...(required.length > 0 && { required }),
    ...(alternatives !== undefined && { oneOf: alternatives.map((keys) => ({ required: keys })) }),
    properties,
  }
}

function sizeForms({ min, max }: SizeKind): readonly Json[] {
  return [
    { type: 'integer', minimum: Math.ceil(min), maximum: max },
    { type: 'string', pattern: sizePattern },
    wholeVariable,
  ]
}

/** A word such as 1.2, which is a number where it stands without quotes. */
function asYamlHasIt(word: string): readonly (string | number)[] {
  return /^\d+(\.\d+)?$/.test(word) ? [word, Number(word)] : [word]
}

function patternOf(pattern: string | undefined, required: boolean): Json {
  if (pattern === undefined) return {}
  return { pattern: [pattern, anyVariable, ...(required ? [] : ['^$'])].join('|') }
}

function defaultOf(setting: Setting): Json {
  return 'default' in setting ? { default: setting.default } : {}
}

/** Puts the schema of a setting at its older place too; what lies between is made. */
function copyProperty(root: Json, { holder, from, to }: Alias): void {
  const top = objectAt(root, holder)
  const steps = from.split('.')
  const last = steps.pop() ?? ''
  let target: ObjectSchema = top
  for (const step of steps) {
    target.properties[step] ??= { type: 'object', additionalProperties: false, properties: {} }
    target = target.properties[step] as ObjectSchema
  }
  const copied = objectAt(top, to)
  target.properties[last] = { ...copied, description: `Older place of ${to}. ${String(copied['description'])}` }
}

/** The schema at a path, such as `buckets[].jwt`. */
function objectAt(root: Json, path: string): ObjectSchema {
  let found = root
  for (const step of path === '' ? [] : path.split('.')) {
    const property = (found as ObjectSchema).properties[step.replace('[]', '')] ?? {}
    found = step.endsWith('[]') ? (property['items'] as Json) : property
  }
  return found as ObjectSchema
}
