/** One attempt to deliver one event. */

import { createHmac } from 'node:crypto'
import { Pool } from 'undici'
import type { Clock } from '../base/clock.ts'
import { parseHttpDate } from '../base/http-date.ts'
import type { WebhookEvent } from './webhook.ts'

export interface Delivery {
  readonly event: WebhookEvent
  readonly id: string
  readonly body: Uint8Array
}

export interface WebhookTarget {
  readonly url: string
  readonly secret: string
}

export type Reply =
  | { readonly kind: 'accepted' }
  /** Trying again would come to the same. */
  | { readonly kind: 'refused'; readonly reason: string }
  | { readonly kind: 'failed'; readonly reason: string; readonly retryAfterMs: number | undefined }

export interface WebhookSender {
  /** The receiver's scheme and host. */
  readonly origin: string
  /** Never rejects. Firing the signal makes it fail at once. */
  post(delivery: Delivery, signal: AbortSignal): Promise<Reply>
  close(): Promise<void>
}

/** For all of it, connecting included. */
const timeoutMs = 10_000
/** What a receiver says beyond its status is of no interest: so much of it is read to keep the connection. */
const maxReplyBytes = 64 * 1024

export function createWebhookSender({ url, secret }: WebhookTarget, clock: Clock): WebhookSender {
  const { origin, pathname, search } = new URL(url)
  const pool = new Pool(origin, {
    connections: 1,
    allowH2: false,
    useMilo: false,
    // Whatever NODE_TLS_REJECT_UNAUTHORIZED says.
    connect: { rejectUnauthorized: true, timeout: timeoutMs },
    headersTimeout: 0,
    bodyTimeout: 0,
  })

  async function send(delivery: Delivery, signal: AbortSignal): Promise<Reply> {
    const headers = { 'content-type': 'application/json', ...signedFields(delivery, secret, clock) }
    const request = { method: 'POST', path: pathname + search, headers, body: delivery.body, signal } as const
    const { statusCode, headers: fields, body } = await pool.request(request)
    // Its status is known: how the rest of the answer ends changes nothing.
    await body.dump({ limit: maxReplyBytes, signal }).catch(() => undefined)
    return judge(statusCode, fields['retry-after'], clock)
  }

  return {
    origin,
    async post(delivery, signal) {
      const late = new AbortController()
      const callOff = clock.alarm(timeoutMs, () => late.abort(new Error(`no answer within ${timeoutMs} ms`)))
      try {
        return await send(delivery, AbortSignal.any([signal, late.signal]))
      } catch (error) {
        // Translated into an outcome: the queue decides whether it is tried again.
        return { kind: 'failed', reason: wordsFor(error), retryAfterMs: undefined }
      } finally {
        callOff()
      }
    },
    close: () => pool.destroy(),
  }
}

/** The time is signed with the body, so that who overhears an event cannot send it again later. */
function signedFields({ event, id, body }: Delivery, secret: string, clock: Clock) {
  const timestamp = String(Math.floor(clock.now() / 1000))
  const signature = createHmac('sha256', secret).update(`${timestamp}.`).update(body).digest('hex')
  return {
    'x-yatagarasu-event': event,
    'x-yatagarasu-delivery': id,
    'x-yatagarasu-timestamp': timestamp,
    'x-yatagarasu-signature': `sha256=${signature}`,
  }
}

/** Redirects are not followed: the event is for this address. */
function judge(status: number, retryAfter: string | string[] | undefined, clock: Clock): Reply {
  if (status >= 200 && status < 300) return { kind: 'accepted' }
  const reason = `the receiver answered ${status}`
  if (status < 500 && status !== 408 && status !== 429) return { kind: 'refused', reason }
  const value = Array.isArray(retryAfter) ? retryAfter[0] : retryAfter
  return { kind: 'failed', reason, retryAfterMs: retryAfterMs(value, clock) }
}

/** RFC 9110 §10.2.3: seconds, or a date. */
function retryAfterMs(value: string | undefined, clock: Clock): number | undefined {
  if (value === undefined) return undefined
  if (/^\d{1,9}$/.test(value)) return Number(value) * 1000
  const now = clock.now()
  const date = parseHttpDate(value, now)
  return date === undefined ? undefined : Math.max(0, date - now)
}

function wordsFor(error: unknown): string {
  if (!(error instanceof Error)) return 'an unexpected error'
  return 'code' in error && typeof error.code === 'string' ? `${error.message} (${error.code})` : error.message
}
