import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type Chart, drawChart, seriesColours, textColour } from '../../../bench/publish/chart.ts'
import { linearScale } from '../../../bench/publish/scale.ts'
import { fc } from '../../support/fast-check.ts'

const names = ['ours', 'theirs', 'a & b', '<c>']

function chartOf(values: readonly (readonly number[])[], title = 'what is shown'): Chart {
  const series = values.map((heights, index) => ({
    name: names[index] ?? '',
    points: heights.map((y, x) => ({ x, y, low: y * 0.9, high: y, isDoubtful: x % 2 === 1 })),
  }))
  const all = values.flat()
  return {
    title,
    description: 'in words',
    x: { label: 'rate, 1/s', scale: linearScale(values.map(({ length }) => length)), print: String },
    y: { label: 'wait, ms', scale: linearScale(all), print: String },
    panels: [
      { title: 'left', series },
      { title: 'right', series },
    ],
  }
}

const anyValues = fc.array(fc.array(fc.nat(1e6), { minLength: 1, maxLength: 8 }), { minLength: 1, maxLength: 4 })

/** Fails unless every element is closed, in order. */
function assertWellFormed(svg: string): void {
  const open: string[] = []
  for (const [, end, name = '', , empty] of svg.matchAll(/<(\/?)([a-z]+)((?:\s+[\w-]+="[^"<]*")*)(\/?)>/g)) {
    if (empty === '/') continue
    if (end === '/') assert.equal(open.pop(), name)
    else open.push(name)
  }
  assert.deepEqual(open, [])
  const words = svg.replaceAll(/<\/?[a-z]+(?:\s+[\w-]+="[^"<]*")*\/?>/g, '')
  assert.doesNotMatch(words, /[<>]|&(?!amp;|lt;|gt;)/)
}

test('a chart is well-formed whatever it shows and whatever its words', () => {
  fc.assert(
    fc.property(anyValues, fc.string({ unit: 'grapheme-ascii' }), (values, title) =>
      assertWellFormed(drawChart(chartOf(values, title))),
    ),
  )
})

/** Where lines, texts and marks are; what a mark draws around its place is its own. */
function placesIn(svg: string): number[][] {
  const forms = [
    /points="([^"]*)"/g,
    /<path d="(M[^"]*)" stroke/g,
    /<text (x="[^"]*" y="[^"]*")/g,
    /translate\(([^)]*)\)/g,
  ]
  return forms.flatMap((form) => {
    const found = [...svg.matchAll(form)]
    assert.ok(found.length > 0, `${form}`)
    return found.flatMap(([, text = '']) => {
      const numbers = (text.match(/-?[\d.]+/g) ?? []).map(Number)
      return Array.from({ length: numbers.length / 2 }, (_, index) => numbers.slice(index * 2, index * 2 + 2))
    })
  })
}

test('everything is drawn within the picture, and no number is missing', () => {
  fc.assert(
    fc.property(anyValues, (values) => {
      const svg = drawChart(chartOf(values))
      assert.doesNotMatch(svg, /NaN|Infinity|undefined/)
      const [, width, height] = (/viewBox="0 0 (\d+) (\d+)"/.exec(svg) ?? []).map(Number)
      for (const [x = -1, y = -1] of placesIn(svg)) {
        assert.ok(x >= 0 && x <= (width ?? 0), `${x} of ${width}`)
        assert.ok(y >= 0 && y <= (height ?? 0), `${y} of ${height}`)
      }
    }),
  )
})

test('a higher value is drawn higher, in every panel', () => {
  const svg = drawChart(chartOf([[1, 5, 3]]))
  const lines = [...svg.matchAll(/<polyline points="([^"]+)"/g)].map(([, points = '']) =>
    points.split(' ').map((point) => Number(point.split(',')[1])),
  )
  assert.equal(lines.length, 2)
  for (const [first = 0, second = 0, third = 0] of lines) assert.ok(second < third && third < first)
})

test('what cannot be seen is said: title, description, names, units', () => {
  const svg = drawChart(chartOf([[1], [2], [3], [4]]))
  assert.match(svg, /role="img" aria-labelledby="title description"/)
  assert.match(svg, /<title id="title">what is shown<\/title>/)
  assert.match(svg, /<desc id="description">in words<\/desc>/)
  for (const words of ['rate, 1/s', 'wait, ms', 'left', 'right', 'ours', 'theirs', 'a &amp; b', '&lt;c&gt;'])
    assert.ok(svg.includes(`>${words}</text>`), words)
})

test('series differ in colour, dashes and marks, and a doubtful point is hollow', () => {
  const svg = drawChart(
    chartOf([
      [1, 2],
      [3, 4],
      [5, 6],
    ]),
  )
  const lines = [...svg.matchAll(/<polyline [^>]*stroke="(#\w+)"[^>]*?(?:stroke-dasharray="([\d ]+)")?\/>/g)]
  assert.equal(new Set(lines.map(([, colour]) => colour)).size, 3)
  assert.equal(new Set(lines.map(([, , dash]) => dash)).size, 3)
  const marks = svg.match(/<(?:circle|path) [^>]*transform=[^>]*>/g) ?? []
  const hollow = marks.filter((mark) => mark.includes('fill="none"'))
  // Of each of two panels and three series: two points, the second doubtful; and three in the legend.
  assert.deepEqual([marks.length, hollow.length], [2 * 3 * 2 + 3, 2 * 3])
})

test('every colour is seen on a white page and on a dark one', () => {
  for (const colour of [textColour, ...seriesColours]) {
    for (const page of ['#ffffff', '#0d1117']) {
      const ratio = contrast(colour, page)
      assert.ok(ratio >= 3, `${colour} on ${page}: ${ratio.toFixed(2)}`)
    }
  }
})

/** WCAG 2, relative luminance and contrast ratio. */
function contrast(one: string, other: string): number {
  const [a = 0, b = 0] = [luminance(one), luminance(other)].sort((x, y) => y - x)
  return (a + 0.05) / (b + 0.05)
}

function luminance(colour: string): number {
  const [red = 0, green = 0, blue = 0] = [1, 3, 5].map((at) => {
    const part = Number.parseInt(colour.slice(at, at + 2), 16) / 255
    return part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4
  })
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue
}
