/** What audit sinks and webhooks have to tell: counters, and one log line for each change. */

import type { SinkEvents, SinkName } from '../audit/audit-sink.ts'
import type { WebhookEvent, WebhookReports } from '../audit/webhook.ts'
import type { Logger } from './logger.ts'
import type { Metrics } from './metrics.ts'
import type { StatusNews } from './status-board.ts'

export function sinkEvents(metrics: Metrics, logger: Logger, board: StatusNews): SinkEvents {
  const failing = new Set<SinkName>()
  const dropping = new Set<SinkName>()
  return {
    written: (sink, lines) => {
      metrics.auditEntries.cell(sink, 'written').add(lines)
      const isNews = failing.delete(sink)
      if (!dropping.delete(sink) && !isNews) return
      board.works('audit', sink)
      logger.info({ sink }, 'audit sink works again')
    },
    dropped: (sink, lines, reason) => {
      metrics.auditEntries.cell(sink, 'dropped').add(lines)
      board.failed('audit', sink, `entries are lost: ${reason}`)
      if (!dropping.has(sink)) logger.error({ sink, reason }, 'audit entries are lost')
      dropping.add(sink)
    },
    failed: (sink, error) => {
      board.failed('audit', sink, error)
      if (!failing.has(sink)) logger.error({ sink, err: error }, 'audit sink fails; what waits is tried again')
      failing.add(sink)
    },
  }
}

export function webhookReports(
  metrics: Metrics,
  logger: Logger,
  hooks: readonly { readonly events: readonly WebhookEvent[] }[],
): WebhookReports {
  // An alert looks for an increase of either.
  for (const event of hooks.flatMap(({ events }) => events))
    for (const outcome of ['failed', 'dropped']) metrics.webhooks.cell(event, outcome)
  const count = (event: string, outcome: string) => {
    metrics.webhooks.cell(event, outcome).add(1)
  }
  return {
    delivered: (event) => count(event, 'delivered'),
    retried: (event) => count(event, 'retried'),
    failed: (event, hook, reason) => {
      count(event, 'failed')
      logger.warn({ event, hook, reason }, 'an event for a webhook is given up')
    },
    dropped: (event, hook, reason) => {
      count(event, 'dropped')
      logger.warn({ event, hook, reason }, 'an event for a webhook is lost')
    },
  }
}
