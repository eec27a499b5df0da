import type { WarmJob } from '../warming/warm-jobs.ts'
import type { Logger } from './logger.ts'

/** One line for each job, when it has ended. */
export function warmJobEvents(logger: Logger): (job: WarmJob) => void {
  return ({ id, bucket, state, fetched, skipped, missing, failed, bytes, lastError }) => {
    const told = { job: id, bucket, state, fetched, skipped, missing, failed, bytes }
    if (state === 'failed' || failed > 0) logger.warn({ ...told, last_error: lastError }, 'warm job ended')
    else logger.info(told, 'warm job ended')
  }
}
