/** A hundred readers of films, each of another one: at the pace of a player, and as fast as they are given. */
import type { Figures } from '../rig/figures.ts'
import type { Mix, Outcome } from '../rig/mix.ts'
import type { ReaderPlan } from '../rig/reader-crowd.ts'
import { percentile } from '../rig/summary.ts'
import { MB, readingsOf } from './judgements.ts'

const [readers, objectBytes, pace, cutBytes] = [100, 5 * 2 ** 30, 2e6, 200e6]
/** What a reader got, of what its pace would have given it: less, and a player stops. */
const leastOfPace = 0.98
const arriveWithinMs = 5000

const stage = { originLatencyMs: 0, cacheMb: 64 }

export const largePaced: Mix = {
  ...stage,
  name: 'large-paced',
  question: `${readers} readers, each of another object of 5 GB, at ${pace / 1e6} MB/s; they come within ${arriveWithinMs / 1000} s`,
  seconds: 180,
  plans: (port, { seconds, scale }) => [
    { ...planOf(port, scale), seconds, cutBytes: objectBytes, bytesPerSecond: pace },
  ],
  judge(outcome, figures) {
    judgeReadings(outcome, figures)
    const readings = readingsOf(outcome)
    const kept = readings.filter(
      ({ bytes, seconds, firstByteMs }) => bytes >= (seconds - firstByteMs / 1000) * pace * leastOfPace,
    )
    figures.atLeast(`readers that got ${leastOfPace * 100} % of their pace`, kept.length, readings.length)
    const latest = readings.map(({ latestMs }) => latestMs)
    figures.tell('longest that a reader waited for the next byte, median', percentile(latest, 0.5), 'ms')
    figures.tell('longest that any reader waited for the next byte', percentile(latest, 1), 'ms')
  },
}

export const largeUnpaced: Mix = {
  ...stage,
  name: 'large-unpaced',
  question: `${readers} readers, each of another object of 5 GB, as fast as they are given, until each has ${cutBytes / 1e6} MB`,
  seconds: 600,
  plans: (port, { seconds, scale }) => [{ ...planOf(port, scale), seconds, cutBytes }],
  judge(outcome, figures) {
    judgeReadings(outcome, figures)
    const whole = readingsOf(outcome).filter(({ bytes }) => bytes >= cutBytes).length
    figures.atLeast('readers that got all they wanted', whole, readingsOf(outcome).length)
  },
}

function planOf(port: number, scale: number): Omit<ReaderPlan, 'seconds' | 'cutBytes'> {
  return { kind: 'readers', port, from: '127.0.0.2', readers: Math.ceil(readers * scale), arriveWithinMs, objectBytes }
}

function judgeReadings(outcome: Outcome, figures: Figures): void {
  const { origin, peakMemoryBytes, seconds, cpuSeconds, coreWaitSeconds } = outcome
  const readings = readingsOf(outcome)
  const bytes = readings.reduce((sum, reading) => sum + reading.bytes, 0)
  const failed = readings.filter(({ problem }) => problem !== undefined)
  figures.tell('read', bytes / 1e6 / seconds, 'MB/s')
  figures.tell('CPU per MB read', (cpuSeconds * 1e3) / (bytes / 1e6), 'ms')
  figures.tell('time that the proxy waited for its core, of all', (coreWaitSeconds / seconds) * 100, '%')
  figures.tell('origin requests per MB read', origin.requests / (bytes / 1e6))
  figures.tell('origin bytes per byte read', origin.bytes / bytes)
  figures.atMost('readers that failed', failed.length, 0)
  for (const { problem } of failed.slice(0, 5)) process.stdout.write(`      ${problem}\n`)
  const firsts = readings.map(({ firstByteMs }) => firstByteMs)
  figures.under('first byte, p95', percentile(firsts, 0.95), 500, 'ms')
  figures.under('peak RSS', peakMemoryBytes / MB, 500, 'MB')
}
