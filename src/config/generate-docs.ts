// biome-ignore-all lint/suspicious/noTemplateCurlyInString: `${…}` is what config files hold
/** docs/configuration.md from the table. */

import { describe } from './leaf.ts'
import { schema } from './schema.ts'
import type { Kind, NumberKind, SectionKind, Setting, SizeKind } from './setting.ts'

const introduction = `# Configuration

Generated from the settings table in \`src/config/\` by \`npm run docs\`; do not edit.

One YAML file, given as \`--config FILE\`. \`yatagarasu check --config FILE\` prints everything that is wrong with it, each
problem with its path and line, and exits 0 or 2; \`serve\` runs the same check first. Unknown keys are errors.
\`config/schema.json\` lets editors complete and check the file, and \`config/example.yaml\` shows every setting.

## Writing values

- **Variables.** In text, \`\${NAME}\` is replaced from the environment, and \`\${NAME:-default}\` gives a default for a variable
  that is unset or empty. \`$\${\` is a literal \`\${\`. A value that is one unquoted \`\${…}\` may stand for a number or a
  boolean. A variable that is not set and has no default is an error. Inside \`[ ]\` and \`{ }\`, put it in quotes.
- **Empty values.** A key with an empty value is as good as absent.
- **Sizes.** \`…_mb\` settings take whole megabytes or text such as \`"512MB"\`, \`"64KB"\` or \`"2GB"\` (1 KB is 1024 bytes).
- **Durations.** Numbers of seconds or milliseconds, as the name says; fractions are allowed where the table does not say "whole".
- **Sharing.** Anchors, aliases and merge keys work, and top-level keys that begin with \`x-\` are yours to keep them in.
- **Older places.** A setting with an older place is accepted there too, but not in both. Within a list, the place is seen
  from the item.
- **Switched off.** In a section with \`enabled: false\`, unset variables and values that do not go together are no errors.
- **Overriding.** What a bucket does not say in its \`cache\` or \`jwt\` is taken from the global \`cache\` or \`jwt\`, key by
  key. Lists and maps are replaced as a whole, and so are the keys that verify tokens: \`algorithm\`, \`secret\`, the paths,
  \`keys\` and \`jwks_url\` are taken together or not at all. \`admin.jwt\` overrides the global \`jwt\` in the same way;
  \`admin_claims\` are never inherited.
- **Being there.** \`server.tls\`, and the \`jwt\` and \`rate_limit\` of a bucket, hold by being there, even with nothing in them.
`

export function configurationPage(): string {
  return `${introduction}${sectionPages(schema, '', 2).join('')}`
}

/** One heading and table per section, outer ones first. */
function sectionPages(section: Setting, path: string, level: number): readonly string[] {
  if (section.kind !== 'section') return []
  const fields = Object.entries(section.fields).map(([key, setting]) => ({
    key,
    setting,
    path: path === '' ? key : `${path}.${key}`,
  }))
  const inner = fields.flatMap(({ setting, path: fieldPath }) => {
    const nested = nestedSection(setting)
    return nested === undefined
      ? []
      : sectionPages(nested, fieldPath + (setting.kind === 'list' ? '[]' : ''), level + 1)
  })
  if (path !== '') return [sectionPage(section, path, Math.min(level - 1, 4), fields), ...inner]
  const single = fields.filter(({ setting }) => nestedSection(setting) === undefined)
  return [`\n## Top level\n\nSettings outside of any section.\n${table(single)}`, ...inner]
}

type Field = { readonly key: string; readonly setting: Setting }

function sectionPage(section: SectionKind, path: string, level: number, fields: readonly Field[]): string {
  const rows = fields.filter(({ setting }) => setting.kind !== 'section')
  return `\n${'#'.repeat(level)} \`${path}\`\n\n${helpCell(section)}\n${table(rows)}`
}

function table(fields: readonly Field[]): string {
  if (fields.length === 0) return ''
  const rows = fields.map(
    ({ key, setting }) => `| \`${key}\` | ${typeCell(setting)} | ${defaultCell(setting)} | ${helpCell(setting)} |\n`,
  )
  return `\n| key | value | default | meaning |\n| --- | --- | --- | --- |\n${rows.join('')}`
}

function nestedSection(setting: Setting): Setting | undefined {
  if (setting.kind === 'section') return setting
  if (setting.kind === 'list') return nestedSection(setting.of)
  return setting.kind === 'word-or' ? nestedSection(setting.other) : undefined
}

function typeCell(setting: Setting): string {
  switch (setting.kind) {
    case 'choice':
      return setting.values.map(code).join(', ')
    case 'number':
      return `${describe(setting).replace(/^a /, '')}, ${bounds(setting)}`
    case 'size':
      return `${describe(setting).replace(/^a /, '')}, ${sizeBounds(setting)}`
    case 'word-or':
      return [...setting.words.map(code), typeCell(setting.other)].join(', or ')
    case 'list': {
      if (setting.of.kind === 'section') return 'list of sections'
      const item = typeCell(setting.of)
      return setting.orOne ? `${item}, or list of ${item}` : `list of ${item}`
    }
    case 'section':
      return 'a section'
    case 'scalar':
      return 'text, number, true or false'
    default:
      return describe(setting).replace(/^a (whole number|map)/, '$1')
  }
}

function bounds({ min, max }: NumberKind): string {
  return `${min} to ${max}`
}

function sizeBounds({ unit, min, max }: SizeKind): string {
  return min > 0 && min < 1 ? `1 byte to ${max} ${unit}` : `${min} to ${max} ${unit}`
}

function defaultCell(setting: Kind): string {
  if (setting.required) return '**required**'
  if (setting.absent !== undefined) return setting.absent
  if (!('default' in setting)) return setting.kind === 'list' ? '`[]`' : 'none'
  const value = setting.default
  return code(Array.isArray(value) ? `[${value.join(', ')}]` : String(value))
}

function helpCell(setting: Setting): string {
  const places = setting.aliases?.map(code).join(', ')
  return places === undefined ? setting.help : `${setting.help} Older place: ${places}.`
}

function code(text: string): string {
  return `\`${text}\``
}
