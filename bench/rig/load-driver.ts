/**
 * A process of clients, so that what they cost is theirs, and so that more of them have more ports and more time. It reads
 * `PREFIX.plan`, leaves `PREFIX.ready` once its connections are open, begins at SIGUSR2 and leaves `PREFIX.result`.
 */
import { once } from 'node:events'
import { readFileSync, renameSync, writeFileSync } from 'node:fs'
import { type ReaderPlan, type ReaderResult, readAll, warmUp } from './reader-crowd.ts'
import { RequestCrowd, type RequestPlan, type RequestResult } from './request-crowd.ts'

export type LoadPlan = RequestPlan | ReaderPlan
export type LoadResult = RequestResult | ReaderResult

if (import.meta.main) await drive(process.argv[2] ?? '')

async function drive(prefix: string): Promise<void> {
  const plan = JSON.parse(readFileSync(`${prefix}.plan`, 'utf8')) as LoadPlan
  const told = once(process, 'SIGUSR2')
  const alive = setInterval(() => undefined, 60_000) // to wait for a signal does not keep a process
  const run = await prepare(plan)
  leave(`${prefix}.ready`, '')
  await told
  clearInterval(alive)
  leave(`${prefix}.result`, JSON.stringify(await run()))
}

async function prepare(plan: LoadPlan): Promise<() => Promise<LoadResult>> {
  if (plan.kind === 'requests') {
    const crowd = await RequestCrowd.open(plan)
    return () => crowd.run()
  }
  await warmUp(plan)
  return () => readAll(plan)
}

/** Whoever finds it finds all of it. */
function leave(path: string, text: string): void {
  writeFileSync(`${path}.part`, text)
  renameSync(`${path}.part`, path)
}
