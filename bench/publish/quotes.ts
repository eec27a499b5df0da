/**
 * Ratios that other pages quote: a link to a scenario of docs/benchmarks.md whose words are the number and the rival, such
 * as `[0.97 × nginx](docs/benchmarks.md#hot-1k)`. It is CPU/request, ours over theirs.
 */
import type { BenchResult } from '../rig/results.ts'
import { compareWith, printRatio } from './verdicts.ts'

const quote = /\[(\d+\.\d+) × ([\w-]+)\]\((?:docs\/)?benchmarks\.md#([\w-]+)\)/g
/** A ratio to a rival in whatever other words. */
const loose = /\d(?:\.\d+)?\s*(?:×|x\b|times|%)[^.\n]{0,40}\b(?:nginx|varnish)\b/gi

/** What is quoted otherwise than in that form, or otherwise than measured; empty when all is right. */
export function wrongQuotes(page: string, table: BenchResult | undefined): readonly string[] {
  const wrong = [...page.matchAll(quote)].flatMap(([words, number = '', rival = '', name = '']) => {
    const result = table?.scenarios.find((scenario) => scenario.name === name)
    const cpu = result && compareWith(result, rival).find(({ metric }) => metric.name === 'cpuMicros')
    const measured = cpu === undefined ? 'nothing' : printRatio(cpu.ratio.median)
    return number === measured ? [] : [`${words}: measured is ${measured}`]
  })
  const unlinked = page.replaceAll(quote, '').match(loose) ?? []
  return [...wrong, ...unlinked.map((words) => `${words}: not a link to where it was measured`)]
}
