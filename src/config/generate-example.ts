/** config/example.yaml from the table: every setting with its meaning. What says something by being there is a comment. */

import { schema } from './schema.ts'
import type { Setting } from './setting.ts'

const introduction = `# Every setting, with its default where it has one. Generated from the settings table by \`npm run docs\`; do not edit.
# Only \`buckets\` is needed: config/minimal.yaml is a file to start from, docs/configuration.md explains the rest.
# yaml-language-server: $schema=./schema.json
`
const width = 110

export function exampleFile(): string {
  return `${introduction}${fieldLines(schema, '').join('\n')}\n`
}

function fieldLines(setting: Setting, indent: string): readonly string[] {
  if (setting.kind !== 'section') return []
  const blocks = Object.entries(setting.fields).map(([key, field]) => [
    ...(indent === '' ? [''] : []),
    ...comment(field.help, indent),
    ...valueLines(key, field, indent),
  ])
  return blocks.flat()
}

function valueLines(key: string, setting: Setting, indent: string): readonly string[] {
  const lines = writtenLines(key, setting, indent)
  const isComment = setting.kind === 'section' ? setting.optional : setting.kind === 'list' && !setting.required
  if (!isComment || lines.length < 2) return lines
  return lines.map((line) => `${indent}# ${line.slice(indent.length)}`)
}

function writtenLines(key: string, setting: Setting, indent: string): readonly string[] {
  const value = inline(setting)
  if (value !== undefined) return [`${indent}${key}: ${value}`]
  const nested = setting.kind === 'word-or' ? setting.other : setting
  if (nested.kind === 'section') return [`${indent}${key}:`, ...fieldLines(nested, `${indent}  `)]
  if (nested.kind === 'list' && nested.of.kind === 'section') {
    const [first = '', ...rest] = fieldLines(nested.of, `${indent}    `)
    return [`${indent}${key}:`, `${indent}  - ${first.trimStart()}`, ...rest]
  }
  return [`${indent}# ${key}:`]
}

/** The value where it fits behind its key. */
function inline(setting: Setting): string | undefined {
  if (setting.example !== undefined) return setting.example
  if (!('default' in setting)) return setting.kind === 'list' && setting.of.kind !== 'section' ? '[]' : undefined
  const value = setting.default
  return Array.isArray(value) ? `[${value.join(', ')}]` : String(value)
}

function comment(text: string, indent: string): readonly string[] {
  const lines: string[] = []
  let line = `${indent}#`
  for (const word of text.split(' ')) {
    if (line.length + word.length >= width) {
      lines.push(line)
      line = `${indent}#`
    }
    line += ` ${word}`
  }
  return [...lines, line]
}
