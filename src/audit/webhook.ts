/** Events told to other systems: one signed POST for each event and hook. */

import type { Clock } from '../base/clock.ts'
import type { Random } from '../base/random.ts'
import { WebhookQueue } from './webhook-queue.ts'

export type WebhookEvent = 'purge' | 'reload' | 'breaker' | 'origin_health' | 'auth_denied'

export interface WebhookOptions {
  readonly url: string
  readonly secret: string
  readonly events: readonly WebhookEvent[]
}

/** `hook`: scheme and host alone, since paths of hooks are often secrets. */
export interface WebhookReports {
  delivered(event: WebhookEvent, hook: string): void
  /** An attempt failed, and there will be another one. */
  retried(event: WebhookEvent, hook: string, reason: string): void
  /** Given up: the receiver refused it, or failed too often. */
  failed(event: WebhookEvent, hook: string, reason: string): void
  dropped(event: WebhookEvent, hook: string, reason: 'queue full' | 'closed'): void
}

export interface WebhookPorts {
  readonly clock: Clock
  readonly random: Random
  readonly reports: WebhookReports
  /** The name of this process among others, for the receiver. */
  readonly node?: string
}

export interface Webhooks {
  /** For each hook that wants the event. Never throws and never waits. `details` are copied at once; they cannot replace what every event says. */
  emit(event: WebhookEvent, details: Readonly<Record<string, unknown>>): void
  /** Delivers what it can in two seconds; no waits between attempts any more. Never rejects. */
  close(): Promise<void>
}

/**
 * The body is `{"event", "timestamp", "id", "node"?, …details}`; the same id is in `X-Yatagarasu-Delivery`, in each attempt.
 * Receivers check `X-Yatagarasu-Signature`, see `webhook-request.ts`, and may see an event twice.
 */
export function createWebhooks(hooks: readonly WebhookOptions[], ports: WebhookPorts): Webhooks {
  const { clock, random, node } = ports
  const queues = hooks.map(({ events, ...target }) => ({ events, queue: new WebhookQueue(target, ports) }))

  return {
    emit(event, details) {
      const wanting = queues.filter(({ events }) => events.includes(event))
      if (wanting.length === 0) return
      const id = random.requestId()
      const timestamp = new Date(clock.now()).toISOString()
      const envelope = { event, timestamp, id, ...(node !== undefined && { node }) }
      // The second one is for the order of fields, the last one for their values.
      const body = JSON.stringify({ ...envelope, ...details, ...envelope })
      for (const { queue } of wanting) queue.add({ event, id, body: Buffer.from(body) })
    },
    async close() {
      await Promise.all(queues.map(({ queue }) => queue.close()))
    },
  }
}
