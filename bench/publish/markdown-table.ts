/** The first two columns are words, the others numbers; so are all of a table of two. */
export function markdownTable(lines: readonly (readonly string[])[]): string {
  const [heads = [], ...rest] = lines
  const rule = heads.map((_, index) => (index < 2 ? '---' : '---:'))
  return [heads, rule, ...rest].map((cells) => `| ${cells.join(' | ')} |`).join('\n')
}
