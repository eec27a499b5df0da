/**
 * How does the proxy bear the loads it is made for? `node bench/phases.ts [--phase NAME] [--seconds N] [--scale 1]`: without a
 * name all but `endurance`, which runs every mix for half an hour (or `--seconds`) and looks at how memory grows. Requests
 * leave by the clock, whatever the proxy does, and their latency counts from the moment they were due; every byte is checked. Exits
 * 1 when a figure is missed; the raw data are in `bench/results/phases`.
 */
import { loadavg } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { cold } from './phases/cold.ts'
import { crowd } from './phases/crowd.ts'
import { hot } from './phases/hot.ts'
import { judgeGrowth } from './phases/judgements.ts'
import { largePaced, largeUnpaced } from './phases/large.ts'
import { Figures } from './rig/figures.ts'
import { pinThisProcess, readMachineFacts } from './rig/machine.ts'
import { type Mix, runMix } from './rig/mix.ts'
import { keepRawData } from './rig/raw-data.ts'
import { Session } from './rig/session.ts'

interface Phase {
  readonly mixes: readonly Mix[]
  /** In place of each mix's own. */
  readonly seconds?: number
  readonly isEndurance?: boolean
}

const phases: Readonly<Record<string, Phase>> = {
  cold: { mixes: [cold] },
  hot: { mixes: [hot] },
  large: { mixes: [largePaced, largeUnpaced] },
  crowd: { mixes: [crowd] },
  endurance: { mixes: [cold, hot, largePaced, crowd], seconds: 1800, isEndurance: true },
}

const { values } = parseArgs({
  options: {
    phase: { type: 'string' },
    seconds: { type: 'string' },
    scale: { type: 'string', default: '1' },
  },
})
const scale = Number(values.scale)
const chosen = Object.entries(phases).filter(([name, { isEndurance }]) =>
  values.phase === undefined ? !isEndurance : name === values.phase,
)
if (chosen.length === 0) throw new Error(`no phase ${values.phase}: ${Object.keys(phases).join(', ')}`)

const session = new Session()
try {
  pinThisProcess(session.cores.client)
  for (const [name, phase] of chosen) process.exitCode = Math.max(Number(process.exitCode ?? 0), await run(name, phase))
} finally {
  await session.close()
}

async function run(name: string, phase: Phase): Promise<number> {
  let exitCode = 0
  for (const mix of phase.mixes) {
    const seconds = Number(values.seconds ?? phase.seconds ?? mix.seconds)
    const machine = readMachineFacts(join(import.meta.dirname, '..'), session.cores)
    process.stdout.write(`\n${name}${phase.isEndurance ? ` of ${mix.name}` : ''}: ${mix.question}\n`)
    process.stdout.write(
      `${seconds} s at scale ${scale}, ${machine.commit}, Node ${machine.versions.node}, load average ${machine.loadAverage.toFixed(1)}\n`,
    )
    const outcome = await runMix(session, mix, { seconds, scale })
    const figures = new Figures()
    mix.judge(outcome, figures)
    if (phase.isEndurance) judgeGrowth(outcome, figures)
    const loadAfter = loadavg()[0] ?? 0
    process.stdout.write(`load average after: ${loadAfter.toFixed(1)}\n`)
    const raw = { phase: name, mix: mix.name, question: mix.question, seconds, scale, machine, loadAfter }
    const kept = keepRawData('phases', `${name}-${mix.name}`, { ...raw, figures: figures.all, outcome })
    process.stdout.write(`raw data: ${kept}\n`)
    exitCode = Math.max(exitCode, figures.exitCode)
  }
  return exitCode
}
