/**
 * How long the audit holds up a process at once: a thousand entries a second to all outputs, and then the same to none. The
 * bench starts it as `node audit-steps.ts CONFIG SECONDS`; it prints a `StepReport` as one line of JSON. Nothing else runs in the
 * process, so whatever it does between two ticks of a millisecond was done for the audit, and no single step was longer.
 */
import { monitorEventLoopDelay } from 'node:perf_hooks'
import { setTimeout as sleep } from 'node:timers/promises'
import { closeAudit, openAudit } from '../../src/assembly/audit.ts'
import { type AuditLog, createAuditLog } from '../../src/audit/audit-log.ts'
import { Chain } from '../../src/audit/chain.ts'
import { createRedaction } from '../../src/audit/redact.ts'
import { systemClock } from '../../src/base/clock.ts'
import { systemRandom } from '../../src/base/random.ts'
import { readConfig } from '../../src/cli/config-file.ts'
import { restartTuned } from '../../src/cli/tuned-process.ts'
import { answerOf, auditedRequest, sentWhole, traceOf } from '../../test/support/audited-requests.ts'

export interface StepReport {
  readonly audited: Steps
  readonly unheard: Steps
  readonly written: number
  readonly dropped: number
}

interface Steps {
  readonly entries: number
  /** Of the calls during which nobody else got this core. */
  readonly longestCallMs: number
  /** Processor time of the main thread between two ticks. */
  readonly longestTurnMs: number
  /** The longest that the event loop was late, by the clock: whatever else the machine does counts as well. */
  readonly latestMs: number
}

const perSecond = 1000
/** When the machine kept the process waiting, what is due then comes over several ticks, as requests would. */
const mostPerTick = 2
const fields = {
  'user-agent': 'Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/130.0.0.0 Safari/537.36',
  referer: 'https://www.example.org/gallery/summer?page=3',
}
const redaction = createRedaction({ headers: [], parameters: ['ticket'], anonymizeIp: false })

restartTuned(process.env) // as the product does
const [, , configFile = '', seconds = '10'] = process.argv
const counts = { written: 0, dropped: 0 }
const opened = await openAudit(await readConfig(configFile, process.env), {
  ...{ clock: systemClock, random: systemRandom },
  events: {
    written: (_sink, lines) => {
      counts.written += lines
    },
    dropped: (_sink, lines) => {
      counts.dropped += lines
    },
    failed: (sink, error) => console.error(sink, error),
  },
})
if (opened === undefined) throw new Error(`${configFile} has no audit log`)
const options = { level: 'info', redaction, chain: new Chain(undefined) } as const
const log = createAuditLog(options, opened.sinks)
const audited = await run(log, Number(seconds))
await closeAudit(opened)
const unheard = await run(createAuditLog(options, []), Number(seconds))
const report: StepReport = { audited, unheard, ...counts }
process.stdout.write(`${JSON.stringify(report)}\n`)

async function run(heard: AuditLog, forSeconds: number): Promise<Steps> {
  const [total, startMs] = [forSeconds * perSecond, performance.now()]
  const [answer, sent, trace] = [answerOf(200), sentWhole(48_213), traceOf({ key: 'summer/beach.jpg', cache: 'hit' })]
  const delay = monitorEventLoopDelay({ resolution: 1 })
  delay.enable()
  let [entries, longestCallMs, longestTurnMs] = [0, 0, 0]
  for (let tickMs = busyMs(); entries < total; tickMs = busyMs()) {
    const due = Math.floor(((performance.now() - startMs) / 1000) * perSecond)
    for (const end = Math.min(due, total, entries + mostPerTick); entries < end; entries++) {
      const request = auditedRequest({ fields, path: `/img/summer/${entries}.jpg`, receivedAt: systemClock.now() })
      const [callMs, switches] = [performance.now(), timesPutAside()]
      heard.observe(request, answer, trace, sent, 1.234)
      const tookMs = performance.now() - callMs
      if (timesPutAside() === switches) longestCallMs = Math.max(longestCallMs, tookMs)
    }
    await sleep(1)
    longestTurnMs = Math.max(longestTurnMs, busyMs() - tickMs)
  }
  delay.disable()
  return { entries, longestCallMs, longestTurnMs, latestMs: delay.max / 1e6 }
}

/** By the kernel, for the sake of others. */
function timesPutAside(): number {
  return process.resourceUsage().involuntaryContextSwitches
}

/** The kernel brings it up to date when the thread goes to sleep, as it does for each tick. */
function busyMs(): number {
  const { user, system } = process.threadCpuUsage()
  return (user + system) / 1000
}
