/** A job of the proxy's, as who ordered it sees it. */

import type { Clock } from '../base/clock.ts'
import { type AdminClient, recordIn } from './admin-client.ts'
import { CommandFailure } from './command.ts'
import { ProgressLine } from './progress.ts'
import { bytesText, countText, printable, table } from './table.ts'

const lookEveryMs = 250

export interface Job {
  readonly id: string
  readonly state: string
  readonly found: number
  readonly isListed: boolean
  readonly fetched: number
  readonly skipped: number
  readonly missing: number
  readonly failed: number
  readonly bytes: number
  readonly lastError: string | undefined
}

/** Until the job has ended, or is called off. Returns what the proxy says of it then. */
export async function followJob(
  client: AdminClient,
  ordered: unknown,
  interrupted: AbortSignal,
  clock: Clock,
): Promise<unknown> {
  const path = `/cache/warm/${encodeURIComponent(jobIn(ordered).id)}`
  const line = new ProgressLine(process.stderr, clock)
  let answer = ordered
  try {
    for (let job = jobIn(answer); job.state === 'running'; job = jobIn(answer)) {
      const done = job.fetched + job.skipped + job.missing + job.failed
      line.show(done, job.isListed ? job.found : undefined, `${bytesText(job.bytes)}, ${countText(job.failed)} failed`)
      await clock.sleep(lookEveryMs, interrupted).catch(() => undefined) // cut short by Ctrl-C
      answer = (await client.ask({ method: interrupted.aborted ? 'DELETE' : 'GET', path })).body
      if (interrupted.aborted) break
    }
    return answer
  } finally {
    line.end()
  }
}

export function jobReport({ state, fetched, skipped, missing, failed, bytes }: Job): string {
  const rows = [
    ['fetched', countText(fetched), bytesText(bytes)],
    ['fresh already', countText(skipped), ''],
    ['missing at S3', countText(missing), ''],
    ['failed', countText(failed), ''],
  ]
  return `${table(['objects', '', ''], rows)}\n\n${printable(state)}`
}

/** Throws `CommandFailure` when it is none. */
export function jobIn(body: unknown): Job {
  const job = recordIn(body)
  if (typeof job['id'] !== 'string') throw new CommandFailure('the answer tells of no job')
  const count = (name: string) => (typeof job[name] === 'number' ? job[name] : 0)
  return {
    id: job['id'],
    state: String(job['state']),
    found: count('found'),
    isListed: job['listed'] === true,
    fetched: count('fetched'),
    skipped: count('skipped'),
    missing: count('missing'),
    failed: count('failed'),
    bytes: count('bytes'),
    lastError: typeof job['last_error'] === 'string' ? job['last_error'] : undefined,
  }
}
