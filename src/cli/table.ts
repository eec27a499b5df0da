/** Numbers and tables as people read them. */

const steps = ['B', 'KiB', 'MiB', 'GiB', 'TiB', 'PiB']

export function bytesText(bytes: number): string {
  let [size, step] = [bytes, 0]
  while (size >= 1024 && step < steps.length - 1) {
    size /= 1024
    step += 1
  }
  return step === 0 ? `${size} B` : `${size.toFixed(1)} ${steps[step]}`
}

export function countText(count: number): string {
  return String(count).replace(/\B(?=(\d{3})+$)/g, ',')
}

export function shareText(share: number): string {
  return `${(share * 100).toFixed(1)} %`
}

/** To the cent, and below a dollar to the hundredth of one. */
export function dollarsText(dollars: number): string {
  return `$${dollars.toFixed(dollars < 1 ? 4 : 2)}`
}

/** Columns with two spaces between; the first reads from the left, numbers to the right. */
export function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const widths = head.map((title, column) => Math.max(title.length, ...rows.map((row) => row[column]?.length ?? 0)))
  const line = (row: readonly string[]) =>
    row
      .map((cell, column) => (column === 0 ? cell.padEnd(widths[column] ?? 0) : cell.padStart(widths[column] ?? 0)))
      .join('  ')
      .trimEnd()
  return [head, ...rows].map(line).join('\n')
}

/** What anybody may have put into a key or a name: control characters would speak to the terminal. */
export function printable(text: string): string {
  return text.replace(/[\p{Cc}\p{Cf}]/gu, (char) => `\\u{${(char.codePointAt(0) ?? 0).toString(16)}}`)
}
