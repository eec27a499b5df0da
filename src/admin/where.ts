/** The language of filters: `{"and":[{"bucket":"img"},{"key":{"glob":"a/*"}},{"size":{"gt":1000}}]}`. */

import { type EntryFilter, mediaType, type NumberField, type TextField } from '../objects/entry-filter.ts'
import { Glob } from '../objects/glob.ts'
import { listAt, memberOf, numberAt, objectAt, textAt, wrong } from './arguments.ts'

const textFields: readonly string[] = ['bucket', 'key', 'tag', 'content_type'] satisfies TextField[]
const numberFields: readonly string[] = ['size', 'age_seconds', 'hits'] satisfies NumberField[]
const members = ['and', 'or', 'not', ...textFields, ...numberFields]
const maxConditions = 1000

/** Of several members of one object all have to hold, and of several operators of one field. Throws `InvalidArgument`. */
export function parseFilter(value: unknown, place: string): EntryFilter {
  return new FilterReader().filter(value, place)
}

class FilterReader {
  #conditions = 0

  filter(value: unknown, place: string): EntryFilter {
    return this.#all(value, place, members, (name, member, at) => {
      if (name === 'and' || name === 'or') return { kind: name, filters: this.#filters(member, at) }
      if (name === 'not') return { kind: 'not', filter: this.filter(member, at) }
      return this.#condition(name, member, at)
    })
  }

  #filters(value: unknown, place: string): readonly EntryFilter[] {
    return listAt(value, place).map((each, index) => this.filter(each, `${place}[${index}]`))
  }

  /** Not empty: what says nothing would select everything. */
  #all(
    value: unknown,
    place: string,
    known: readonly string[],
    read: (name: string, member: unknown, place: string) => EntryFilter,
  ): EntryFilter {
    const object = objectAt(value, place, known)
    const filters = Object.entries(object).map(([name, member]) => read(name, member, memberOf(place, name)))
    const [only, another] = filters
    if (only === undefined) throw wrong(place, 'must not be empty')
    return another === undefined ? only : { kind: 'and', filters }
  }

  /** A bare value means `eq`. */
  #condition(field: string, value: unknown, place: string): EntryFilter {
    this.#conditions += 1
    if (this.#conditions > maxConditions) throw wrong(place, `is one more than ${maxConditions} conditions`)
    const test = textFields.includes(field)
      ? (operator: string, operand: unknown, at: string) => textTest(field as TextField, operator, operand, at)
      : (operator: string, operand: unknown, at: string) => numberTest(field as NumberField, operator, operand, at)
    if (typeof value !== 'object' || value === null) return test('eq', value, place)
    return this.#all(value, place, textFields.includes(field) ? textOperators : numberOperators, test)
  }
}

const textOperators = ['eq', 'ne', 'in', 'glob']
const numberOperators = ['eq', 'ne', 'in', 'gt', 'gte', 'lt', 'lte']

function textTest(field: TextField, operator: string, operand: unknown, place: string): EntryFilter {
  const read = (value: unknown, at: string) => readText(field, operator, textAt(value, at), at)
  switch (operator) {
    case 'ne':
      return { kind: 'not', filter: textTest(field, 'eq', operand, place) }
    case 'in': {
      const texts = listAt(operand, place).map((each, index) => read(each, `${place}[${index}]`))
      return { kind: 'text', field, test: { kind: 'in', values: new Set(texts) } }
    }
    case 'glob': {
      const glob = Glob.parse(read(operand, place))
      if (glob === undefined) throw wrong(place, 'must be a pattern of up to 2048 characters that does not end in a \\')
      return { kind: 'text', field, test: { kind: 'glob', glob } }
    }
    default:
      return { kind: 'text', field, test: { kind: 'in', values: new Set([read(operand, place)]) } }
  }
}

const bucketName = /^[A-Za-z0-9._-]{1,64}$/

function readText(field: TextField, operator: string, text: string, place: string): string {
  if (field === 'bucket' && operator !== 'glob' && !bucketName.test(text))
    throw wrong(place, 'can be no name of a bucket')
  return field === 'content_type' ? mediaType(text) : text
}

function numberTest(field: NumberField, operator: string, operand: unknown, place: string): EntryFilter {
  switch (operator) {
    case 'ne':
      return { kind: 'not', filter: numberTest(field, 'eq', operand, place) }
    case 'in': {
      const numbers = listAt(operand, place).map((each, index) => numberAt(each, `${place}[${index}]`))
      return { kind: 'number', field, test: { kind: 'in', values: new Set(numbers) } }
    }
    case 'gt':
    case 'gte':
    case 'lt':
    case 'lte':
      return { kind: 'number', field, test: { kind: operator, bound: numberAt(operand, place) } }
    default:
      return { kind: 'number', field, test: { kind: 'in', values: new Set([numberAt(operand, place)]) } }
  }
}
