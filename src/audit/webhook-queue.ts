/** The events of one hook, delivered in their order, one at a time. */

import type { WebhookPorts } from './webhook.ts'
import {
  createWebhookSender,
  type Delivery,
  type Reply,
  type WebhookSender,
  type WebhookTarget,
} from './webhook-request.ts'

const maxEvents = 1000
/** Details of a purge can be as long as a request for one. */
const maxBytes = 8 * 1024 * 1024
const maxAttempts = 8
const firstWaitMs = 1000
const longestWaitMs = 5 * 60_000
const flushMs = 2000

export class WebhookQueue {
  readonly #sender: WebhookSender
  readonly #ports: WebhookPorts
  /** The first one is under way. */
  readonly #waiting: Delivery[] = []
  #bytes = 0
  #work: Promise<void> | undefined
  /** Fires when there is no time for waits any more. */
  readonly #closing = new AbortController()
  /** Fires when there is no time left at all. */
  readonly #closed = new AbortController()

  constructor(target: WebhookTarget, ports: WebhookPorts) {
    this.#sender = createWebhookSender(target, ports.clock)
    this.#ports = ports
  }

  add(delivery: Delivery): void {
    const isFull = this.#waiting.length >= maxEvents || this.#bytes + delivery.body.length > maxBytes
    if (this.#closing.signal.aborted || isFull) {
      this.#drop(delivery, isFull ? 'queue full' : 'closed')
      return
    }
    this.#waiting.push(delivery)
    this.#bytes += delivery.body.length
    this.#work ??= this.#deliverAll()
  }

  async close(): Promise<void> {
    this.#closing.abort()
    const callOff = this.#ports.clock.alarm(flushMs, () => this.#closed.abort(new Error('shutting down')))
    await this.#work
    callOff()
    await this.#sender.close()
  }

  async #deliverAll(): Promise<void> {
    for (let next = this.#waiting[0]; next !== undefined; next = this.#waiting[0]) {
      await this.#deliver(next)
      this.#waiting.shift()
      this.#bytes -= next.body.length
    }
    this.#work = undefined
  }

  async #deliver(delivery: Delivery): Promise<void> {
    const { reports } = this.#ports
    for (let attempts = 1; ; attempts += 1) {
      const reply = await this.#sender.post(delivery, this.#closed.signal)
      if (reply.kind === 'accepted') return reports.delivered(delivery.event, this.#sender.origin)
      if (reply.kind === 'refused' || attempts === maxAttempts) {
        return reports.failed(delivery.event, this.#sender.origin, reply.reason)
      }
      if (this.#closing.signal.aborted) return this.#drop(delivery, 'closed')
      reports.retried(delivery.event, this.#sender.origin, reply.reason)
      await this.#wait(attempts, reply)
    }
  }

  async #wait(attempts: number, { retryAfterMs = 0 }: Extract<Reply, { kind: 'failed' }>): Promise<void> {
    const { clock, random } = this.#ports
    const fullMs = Math.min(longestWaitMs, firstWaitMs * 2 ** (attempts - 1))
    // Half of it is chance, so that many proxies do not call all at once.
    const waitMs = fullMs * (0.5 + random.float() / 2)
    const askedForMs = Math.min(longestWaitMs, retryAfterMs)
    try {
      await clock.sleep(Math.max(waitMs, askedForMs), this.#closing.signal)
    } catch {
      // Closing: the next attempt is made at once, and is the last one.
    }
  }

  #drop({ event }: Delivery, reason: 'queue full' | 'closed'): void {
    this.#ports.reports.dropped(event, this.#sender.origin, reason)
  }
}
