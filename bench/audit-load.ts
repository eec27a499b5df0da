/**
 * Is every request in the audit, wherever that goes, and what does it cost? `node bench/audit-load.ts [--seconds 60]
 * [--rate 1000]`: requests of every kind; each entry in a file, at rsyslog and in a real S3 is held against what its client
 * saw. S3 is away for a third of the time, and rsyslog is killed. Then a proxy that audits and one that does not take turns,
 * and a process of its own looks for the longest step. Exits 1 when a promise is broken. Needs what the tests need.
 */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { parseArgs } from 'node:util'
import { ensurePrograms } from '../test/support/packages.ts'
import { exportedTo, filesOf, isOnePiece, type Judgement, judge, linesOfFiles } from './rig/audit-readback.ts'
import {
  type AuditedProxy,
  AuditStage,
  auditBucket,
  auditConfigFile,
  mainFile,
  readCounter,
} from './rig/audit-stage.ts'
import type { StepReport } from './rig/audit-steps.ts'
import { type Asked, everyKind, hitsAlone, type Kinds, sendTraffic } from './rig/audit-traffic.ts'
import { pinThisProcess } from './rig/machine.ts'
import { cpuMicros } from './rig/proc-stat.ts'
import { Session } from './rig/session.ts'
import { median, percentile } from './rig/summary.ts'

const { values } = parseArgs({
  options: { seconds: { type: 'string', default: '60' }, rate: { type: 'string', default: '1000' } },
})
const [seconds, perSecond] = [Number(values.seconds), Number(values.rate)]
const [longestStepMs, dearest, pairs] = [2, 1.15, 3]
/** As shares of the run. */
const outages = { s3: [1 / 6, 1 / 2], rsyslog: [2 / 3, 3 / 4] } as const
const exportName = /^logs\/yatagarasu-audit-\d{4}(?:-\d\d){5}-[\w.-]+\.jsonl$/
const variety = [200, 206, 304, 401, 403, 404, 405, 416, 502, 'hit', 'miss', 'stale', 'revalidated', 'bypass', null]

const session = new Session()
let isGood = true
let stage: AuditStage | undefined

try {
  await ensurePrograms('s3', 'syslog')
  pinThisProcess(session.cores.client)
  stage = await AuditStage.open(session)
  const kinds = await everyKind()
  await auditEverything(stage, kinds)
  const proxies = [await stage.startProxy('dear', 'plain'), await stage.startProxy('cheap', 'none')] as const
  await compareCost('requests of every kind', proxies, kinds)
  await compareCost('hits', proxies, hitsAlone)
  for (const proxy of proxies) await stage.stopProxy(proxy)
  await measureSteps(stage)
  process.exitCode = isGood ? 0 : 1
} finally {
  await stage?.close()
  await session.close()
}

async function auditEverything(on: AuditStage, kinds: Kinds): Promise<void> {
  const proxy = await on.startProxy('audited', 'chained')
  const traffic = { url: proxy.url, kinds, perSecond }
  const warmUp = await sendTraffic({ ...traffic, perSecond: perSecond / 4, seconds: 2, firstTurn: 0 })
  const startedAt = Date.now()
  let killedAt = 0
  const kill = () => {
    killedAt = Date.now()
    return on.rsyslog.kill()
  }
  const [sent] = await Promise.all([
    sendTraffic({ ...traffic, seconds, firstTurn: warmUp.length }),
    beAway(
      outages.s3,
      () => on.s3.shut(),
      () => on.s3.open(),
    ),
    beAway(outages.rsyslog, kill, () => on.rsyslog.start()),
  ])
  sayRequests('requests', sent)
  for (const [name, [from, to]] of Object.entries(outages)) {
    const shareOf = ({ dueAt }: Asked) => (dueAt - startedAt) / 1000 / seconds
    const during = sent.filter((asked) => shareOf(asked) >= from && shareOf(asked) < to)
    sayRequests(`those while ${name} was away`, during)
  }
  const dropped = await readCounter(proxy, 'yatagarasu_audit_entries_total', 'outcome="dropped"')
  say('entries told as dropped', String(dropped), dropped === 0)
  await on.stopProxy(proxy)
  await readBack(on, proxy, [...warmUp, ...sent], killedAt)
}

async function beAway(
  [from, to]: readonly [number, number],
  leave: () => Promise<void>,
  comeBack: () => Promise<void>,
): Promise<void> {
  await sleep(from * seconds * 1000)
  await leave()
  await sleep((to - from) * seconds * 1000)
  await comeBack()
}

async function readBack(on: AuditStage, proxy: AuditedProxy, all: readonly Asked[], killedAt: number): Promise<void> {
  const files = await filesOf(proxy.auditFile)
  const written = await linesOfFiles(files)
  sayVariety(written)
  sayEntries('the file', judge(written, all), all)
  say('files, rotated ones included', String(files.length), files.length > 1)
  const exported = await exportedTo(on.client, auditBucket)
  sayEntries('S3', judge(exported.lines, all), all)
  say(
    'objects in S3',
    String(exported.keys.length),
    exported.keys.every((key) => exportName.test(key)),
  )
  const heard = judge(await on.syslogLines(), all)
  const mayBeGone = heard.missing.some(({ answeredAt }) => answeredAt < killedAt) && isOnePiece(heard.missing, written)
  sayEntries('rsyslog', { ...heard, missing: mayBeGone ? [] : heard.missing }, all)
  say('  gone with it in one piece, and sent twice', `${heard.missing.length}, ${heard.repeated}`, true)
  const command = [mainFile, 'audit', 'verify', '--json', ...files]
  const verified = JSON.parse(await session.run('verify', session.cores.client, process.execPath, command))
  const isWhole = verified.whole && verified.from_beginning && verified.entries === all.length
  say('the chain through all files', `${verified.entries} entries`, isWhole)
}

/** In turn, so that whatever else the machine does meets both. */
async function compareCost(what: string, proxies: readonly [AuditedProxy, AuditedProxy], kinds: Kinds): Promise<void> {
  const phase = async (proxy: AuditedProxy, forSeconds: number) => {
    const before = cpuMicros(proxy.started.pid)
    const sent = await sendTraffic({ url: proxy.url, kinds, perSecond, seconds: forSeconds, firstTurn: 0 })
    return (cpuMicros(proxy.started.pid) - before) / sent.length
  }
  for (const proxy of proxies) await phase(proxy, seconds / 20)
  const rounds: { audited: number; plain: number }[] = []
  for (let round = 0; round < pairs; round++) {
    const [audited, plain] = [await phase(proxies[0], seconds / 6), await phase(proxies[1], seconds / 6)]
    rounds.push({ audited, plain })
  }
  const ratio = median(rounds.map(({ audited, plain }) => audited / plain))
  const micros = (side: 'audited' | 'plain') => median(rounds.map((round) => round[side])).toFixed(0)
  const figures = `${micros('audited')} µs with, ${micros('plain')} µs without: ${ratio.toFixed(3)} times`
  say(`CPU a request, ${what}`, figures, ratio <= dearest)
}

async function measureSteps(on: AuditStage): Promise<void> {
  const command = [join(import.meta.dirname, 'rig', 'audit-steps.ts'), auditConfigFile, String(seconds / 3)]
  const words = on.wordsFor('steps', 'chained')
  const started = session.start('steps', session.cores.server, process.execPath, command, words)
  await started.exited
  const output = readFileSync(started.logFile, 'utf8')
  const { audited, unheard, written, dropped } = JSON.parse(
    output.slice(output.lastIndexOf('{"audited"')),
  ) as StepReport
  const outputs = 3
  const isComplete = dropped === 0 && written === audited.entries * outputs
  say('the audit alone: entries written', `${written} of ${audited.entries} for ${outputs} outputs`, isComplete)
  const both = (name: 'longestCallMs' | 'longestTurnMs' | 'latestMs') =>
    `${audited[name].toFixed(2)} ms (${unheard[name].toFixed(2)} without outputs)`
  say('  its longest call', both('longestCallMs'), audited.longestCallMs < longestStepMs)
  say('  its longest millisecond', both('longestTurnMs'), audited.longestTurnMs < longestStepMs)
  say('  the event loop late, by the clock', both('latestMs'), true)
}

function sayRequests(what: string, sent: readonly Asked[]): void {
  const problems = sent.flatMap(({ problem, kind }) => (problem === undefined ? [] : [`${kind.target}: ${problem}`]))
  const at = (share: number) =>
    `${percentile(
      sent.map(({ tookMs }) => tookMs),
      share,
    ).toFixed(1)} ms`
  const figures = `${sent.length}, ${problems.length} failed, p50 ${at(0.5)}, p99 ${at(0.99)}, longest ${at(1)}`
  say(what, figures, problems.length === 0)
  complain(problems)
}

function sayVariety(lines: readonly string[]): void {
  const entries = lines.map((line) => JSON.parse(line))
  const seen = new Map<unknown, number>()
  for (const { response_status, cache_status } of entries) {
    for (const value of [response_status, cache_status]) seen.set(value, (seen.get(value) ?? 0) + 1)
  }
  const counts = variety.map((value) => `${value} ${seen.get(value) ?? 0}`)
  say(
    'entries by status, and by the cache',
    counts.join(', '),
    variety.every((value) => seen.has(value)),
  )
}

function sayEntries(where: string, { entries, missing, repeated, wrong }: Judgement, all: readonly Asked[]): void {
  const figures = `${entries} of ${all.length}, ${missing.length} missing, ${wrong.length} wrong`
  const mayRepeat = where === 'rsyslog'
  say(`entries in ${where}`, figures, missing.length === 0 && wrong.length === 0 && (repeated === 0 || mayRepeat))
  complain(wrong)
}

function say(what: string, figures: string, isKept: boolean): void {
  process.stdout.write(`${what.padEnd(42)} ${isKept ? '  ' : 'NO'} ${figures}\n`)
  isGood &&= isKept
}

function complain(problems: readonly string[]): void {
  for (const problem of problems.slice(0, 10)) process.stderr.write(`  ${problem}\n`)
}
