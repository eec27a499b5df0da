import { travelsSafely } from './formats.ts'
import type { Report } from './problem.ts'
import type { Settings } from './schema.ts'

export function checkWebhooks({ webhooks }: Settings, report: Report): void {
  webhooks.forEach(({ url }, index) => {
    if (URL.canParse(url) && !travelsSafely(url))
      report.warn(`webhooks[${index}].url`, 'is http: anybody on the way can read what is sent')
  })
}
