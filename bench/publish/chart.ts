/** Line charts as SVG: panels side by side on one scale, each series with its own colour, dashes and marks. */
import type { Scale } from './scale.ts'

export interface Point {
  readonly x: number
  readonly y: number
  /** The lowest and the highest of the rounds. */
  readonly low: number
  readonly high: number
  /** Drawn hollow. */
  readonly isDoubtful: boolean
}

export interface Series {
  readonly name: string
  readonly points: readonly Point[]
}

export interface Axis {
  /** With the unit. */
  readonly label: string
  readonly scale: Scale
  print(value: number): string
}

export interface Chart {
  readonly title: string
  /** What it shows, for those who cannot see it. */
  readonly description: string
  readonly x: Axis
  readonly y: Axis
  readonly panels: readonly { readonly title: string; readonly series: readonly Series[] }[]
}

/** Of middling brightness, to be read on white and on black alike: 3:1 at least against both. */
export const textColour = '#767c85'
export const seriesColours = ['#d1571f', '#3a7fd0', '#1f9180', '#9a5fc0'] as const
const dashes = ['', '7 3', '2 3', '9 3 2 3']
const [marginLeft, marginTop, marginBottom, gap, panelWidth, panelHeight] = [76, 66, 46, 46, 250, 230]
const [fontSize, markRadius] = [12, 3.5]

interface Box {
  readonly left: number
  readonly width: number
}

export function drawChart(chart: Chart): string {
  const names = [...new Set(chart.panels.flatMap(({ series }) => series.map(({ name }) => name)))]
  const width = chart.panels.length === 1 ? panelWidth * 2 : panelWidth
  const boxes = chart.panels.map((_, index) => ({ left: marginLeft + index * (width + gap), width }))
  const totalWidth = marginLeft + chart.panels.length * (width + gap)
  const totalHeight = marginTop + panelHeight + marginBottom
  const size = `width="${totalWidth}" height="${totalHeight}" viewBox="0 0 ${totalWidth} ${totalHeight}"`
  return `${[
    `<svg xmlns="http://www.w3.org/2000/svg" ${size} role="img" aria-labelledby="title description"`,
    `  font-family="sans-serif" font-size="${fontSize}" fill="${textColour}">`,
    `<title id="title">${escapeText(chart.title)}</title>`,
    `<desc id="description">${escapeText(chart.description)}</desc>`,
    ...legend(names),
    ...boxes.flatMap((box, index) => drawPanel(chart, index, box, names)),
    text(marginLeft + (totalWidth - marginLeft - gap) / 2, totalHeight - 8, 'middle', chart.x.label),
    text(
      14,
      marginTop + panelHeight / 2,
      'middle',
      chart.y.label,
      ` transform="rotate(-90 14 ${marginTop + panelHeight / 2})"`,
    ),
    '</svg>',
  ].join('\n')}\n`
}

function legend(names: readonly string[]): string[] {
  return names.flatMap((name, index) => {
    const left = marginLeft + index * 140
    return [line(left, 18, left + 30, 18, index), mark(left + 15, 18, index, false), text(left + 38, 22, 'start', name)]
  })
}

function drawPanel(chart: Chart, index: number, box: Box, names: readonly string[]): string[] {
  const panel = chart.panels[index]
  if (panel === undefined) return []
  const across = (value: number) => box.left + chart.x.scale.place(value) * box.width
  const up = (value: number) => marginTop + (1 - chart.y.scale.place(value)) * panelHeight
  const bottom = marginTop + panelHeight
  return [
    text(box.left + box.width / 2, marginTop - 12, 'middle', panel.title, ' font-weight="bold"'),
    ...chart.y.scale.ticks.flatMap((tick) => [
      rule(box.left, up(tick), box.left + box.width, up(tick)),
      ...(index === 0 ? [text(box.left - 6, up(tick) + 4, 'end', chart.y.print(tick))] : []),
    ]),
    ...chart.x.scale.ticks.flatMap((tick) => [
      rule(across(tick), bottom, across(tick), bottom + 4),
      text(across(tick), bottom + 18, 'middle', chart.x.print(tick)),
    ]),
    // The first one last, so that it is on top.
    ...panel.series.toReversed().flatMap((series) => drawSeries(series, names.indexOf(series.name), across, up)),
  ]
}

function drawSeries(
  { points }: Series,
  style: number,
  across: (value: number) => number,
  up: (value: number) => number,
): string[] {
  const path = points.map(({ x, y }) => `${round(across(x))},${round(up(y))}`).join(' ')
  return [
    ...points.map(({ x, low, high }) => line(across(x), up(low), across(x), up(high), style, ' opacity="0.5"', '')),
    `<polyline points="${path}" fill="none" stroke="${colourOf(style)}" stroke-width="1.8"${dashed(style)}/>`,
    ...points.map(({ x, y, isDoubtful }) => mark(across(x), up(y), style, isDoubtful)),
  ]
}

/** A circle, a square, a triangle, a lozenge. */
function mark(x: number, y: number, style: number, isHollow: boolean): string {
  const [colour, r] = [colourOf(style), markRadius]
  const paint = isHollow ? `fill="none" stroke="${colour}" stroke-width="1.2"` : `fill="${colour}"`
  const place = `transform="translate(${round(x)} ${round(y)})"`
  const shapes = [
    `<circle r="${r}" ${place} ${paint}/>`,
    `<path d="M${-r} ${-r}h${2 * r}v${2 * r}h${-2 * r}z" ${place} ${paint}/>`,
    `<path d="M0 ${-r - 1}l${r + 1} ${2 * r}h${-2 * (r + 1)}z" ${place} ${paint}/>`,
    `<path d="M0 ${-r - 1}l${r + 1} ${r + 1}l${-r - 1} ${r + 1}l${-r - 1} ${-r - 1}z" ${place} ${paint}/>`,
  ]
  return shapes[style % shapes.length] ?? ''
}

function line(x1: number, y1: number, x2: number, y2: number, style: number, more = '', dash = dashed(style)): string {
  return `<path d="${segment(x1, y1, x2, y2)}" stroke="${colourOf(style)}" stroke-width="1.8"${dash}${more}/>`
}

function rule(x1: number, y1: number, x2: number, y2: number): string {
  return `<path d="${segment(x1, y1, x2, y2)}" stroke="${textColour}" stroke-opacity="0.4"/>`
}

function text(x: number, y: number, anchor: 'start' | 'middle' | 'end', words: string, more = ''): string {
  return `<text x="${round(x)}" y="${round(y)}" text-anchor="${anchor}"${more}>${escapeText(words)}</text>`
}

const segment = (x1: number, y1: number, x2: number, y2: number) =>
  `M${round(x1)} ${round(y1)}L${round(x2)} ${round(y2)}`
const colourOf = (style: number) => seriesColours[style % seriesColours.length] ?? textColour
const dashed = (style: number) => {
  const dash = dashes[style % dashes.length]
  return dash ? ` stroke-dasharray="${dash}"` : ''
}

/** A tenth of a pixel is enough, and the same on every machine. */
function round(value: number): number {
  return Math.round(value * 10) / 10
}

function escapeText(words: string): string {
  return words.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;')
}
