/** The admin API, as the commands speak it. */

import { getCACertificates } from 'node:tls'
import { Agent } from 'undici'
import type { Clock } from '../base/clock.ts'
import { CommandFailure } from './command.ts'
import { printable } from './table.ts'

export interface AdminReply {
  readonly status: number
  /** As parsed; undefined when it is no JSON. */
  readonly body: unknown
  /** As it came. */
  readonly text: string
}

export interface AdminAsk {
  readonly method: 'GET' | 'POST' | 'DELETE'
  /** Below `/admin`, encoded: it goes on the wire as it is. */
  readonly path: string
  readonly body?: unknown
  readonly headers?: Readonly<Record<string, string>>
  /** The code of an error that is an answer, too. */
  readonly expects?: string
}

/** How it is reached. */
export interface Place {
  /** Without credentials, query and fragment. */
  readonly url: URL
  readonly token: string
  readonly timeoutMs: number
  /** PEM. */
  readonly ca: string | undefined
}

export class AdminClient {
  readonly #place: Place
  readonly #clock: Clock
  readonly #agent: Agent

  constructor(place: Place, clock: Clock) {
    this.#place = place
    this.#clock = clock
    const trusted = place.ca === undefined ? {} : { connect: { ca: [...getCACertificates('default'), place.ca] } }
    this.#agent = new Agent({ headersTimeout: 0, bodyTimeout: 0, ...trusted }) // each call has a limit of its own
  }

  /** Throws `CommandFailure` when there is no answer, or it is an error. */
  async ask(call: AdminAsk): Promise<AdminReply> {
    const reply = await this.#exchange(call)
    const isExpected = call.expects !== undefined && errorIn(reply)['code'] === call.expects
    if (reply.status >= 300 && !isExpected) throw new CommandFailure(this.#told(reply))
    if (reply.body === undefined) throw new CommandFailure(`${this.#place.url.origin} is no proxy like this one`)
    return reply
  }

  close(): Promise<void> {
    return this.#agent.destroy()
  }

  async #exchange({ method, path, body, headers }: AdminAsk): Promise<AdminReply> {
    const { url, token, timeoutMs } = this.#place
    const late = new AbortController()
    const inTime = this.#clock.alarm(timeoutMs, () => late.abort(new Error('no answer in time')))
    try {
      const answer = await this.#agent.request({
        origin: url.origin,
        path: `${url.pathname.replace(/\/+$/, '')}/admin${path}`,
        method,
        headers: {
          authorization: `Bearer ${token}`,
          ...(body !== undefined && { 'content-type': 'application/json' }),
          ...headers,
        },
        body: body === undefined ? null : JSON.stringify(body),
        signal: late.signal,
      })
      const text = await answer.body.text()
      return { status: answer.statusCode, text, body: parsed(text) }
    } catch (error) {
      throw new CommandFailure(`${url.origin}: ${reasonOf(error)}`) // translated
    } finally {
      inTime()
    }
  }

  #told(reply: AdminReply): string {
    const { code, message, detail, correlation_id: id } = errorIn(reply)
    const why = [code, message, detail].filter((text) => typeof text === 'string').join(' ')
    const of = typeof id === 'string' ? ` (correlation id ${id})` : ''
    return printable(`${this.#place.url.origin} answered ${reply.status} ${why || 'and nothing that says why'}${of}`)
  }
}

/** The members of what should be an object; none where it is not. */
export function recordIn(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? { ...value } : {}
}

function errorIn({ body }: AdminReply): Readonly<Record<string, unknown>> {
  return recordIn(recordIn(body)['error'])
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined // translated: no answer of a proxy like this one
  }
}

/** In words. Several addresses of one name fail together, without a message. */
export function reasonOf(error: unknown): string {
  const { message, code } = error as NodeJS.ErrnoException
  return message || code || 'failed'
}
