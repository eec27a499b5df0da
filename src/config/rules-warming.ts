/** Rules between the settings of warming and the buckets it is for. */

import { cronProblem } from '../warming/schedule.ts'
import type { Report } from './problem.ts'
import { caches } from './rules-cache.ts'
import type { Settings } from './schema.ts'
import { suggest } from './suggestion.ts'

export function checkWarming(settings: Settings, report: Report): void {
  const { on_start: onStart, schedule } = settings.warming
  onStart.forEach(({ bucket }, index) => {
    checkBucket(settings, bucket, `warming.on_start[${index}].bucket`, report)
  })
  schedule.forEach(({ bucket, cron }, index) => {
    const at = `warming.schedule[${index}]`
    checkBucket(settings, bucket, `${at}.bucket`, report)
    const problem = cronProblem(cron)
    if (problem !== undefined) report.contradict([`${at}.cron`], problem)
  })
}

function checkBucket(settings: Settings, name: string, at: string, report: Report): void {
  const bucket = settings.buckets.find((one) => one.name === name)
  if (bucket === undefined) {
    const names = settings.buckets.map((one) => one.name)
    report.contradict([at], `is the name of no bucket${suggest(name, names)}`)
  } else if (!caches(settings, bucket)) {
    report.warn(at, 'names a bucket that caches nothing, so that there is nothing to warm')
  }
}
