/** A receiver of events on a real socket, which checks what it gets as a receiver should. */

import { createHmac } from 'node:crypto'
import { once } from 'node:events'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { TestContext } from 'node:test'
import type { WebhookEvent, WebhookOptions, Webhooks } from '../../../src/audit/webhook.ts'
import { createWebhooks } from '../../../src/audit/webhook.ts'
import { FakeClock } from '../../support/fake-clock.ts'
import { createFakeRandom } from '../../support/fake-random.ts'

export interface Received {
  readonly path: string | undefined
  readonly headers: IncomingMessage['headers']
  readonly text: string
  readonly body: Record<string, unknown>
  readonly isSigned: boolean
}

export type Answer = (response: ServerResponse, received: Received) => void

export const secret = 'a secret between two'

export class Receiver {
  readonly all: Received[] = []
  readonly #watchers = new Set<() => void>()
  answer: Answer = (response) => response.writeHead(204).end()
  url = ''

  async start(t: TestContext): Promise<this> {
    const server = createServer((request, response) => void this.#receive(request, response))
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
    t.after(() => {
      server.close()
      server.closeAllConnections()
    })
    this.url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/hook?of=films`
    return this
  }

  /** Resolves once so many have come. */
  async came(count: number): Promise<void> {
    while (this.all.length < count) await new Promise<void>((resolve) => this.#watchers.add(resolve))
  }

  async #receive(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const chunks: Buffer[] = []
    for await (const chunk of request as AsyncIterable<Buffer>) chunks.push(chunk)
    const text = Buffer.concat(chunks).toString()
    const { headers, url: path } = request
    const signed = createHmac('sha256', secret).update(`${headers['x-yatagarasu-timestamp']}.${text}`).digest('hex')
    const isSigned = headers['x-yatagarasu-signature'] === `sha256=${signed}`
    const received = { path, headers, text, body: JSON.parse(text), isSigned }
    this.all.push(received)
    this.answer(response, received)
    for (const noticed of this.#watchers) noticed()
    this.#watchers.clear()
  }
}

export interface HookStage {
  readonly clock: FakeClock
  readonly webhooks: Webhooks
  /** What was told of events, in order: `delivered purge`. */
  readonly told: readonly string[]
  readonly reasons: readonly string[]
  /** Resolves once something was told so often. */
  untilTold(line: string, times?: number): Promise<void>
}

export function hookStage(t: TestContext, hooks: readonly Partial<WebhookOptions>[], node?: string): HookStage {
  const clock = new FakeClock()
  const told: string[] = []
  const reasons: string[] = []
  const watchers = new Set<() => void>()
  const tell = (outcome: string) => (event: WebhookEvent, _hook: string, reason?: string) => {
    told.push(`${outcome} ${event}`)
    if (reason !== undefined) reasons.push(reason)
    for (const noticed of watchers) noticed()
    watchers.clear()
  }
  const reports = {
    ...{ delivered: tell('delivered'), retried: tell('retried') },
    ...{ failed: tell('failed'), dropped: tell('dropped') },
  }
  const all = hooks.map((hook) => ({ url: 'http://127.0.0.1:1/', secret, events: ['purge'] as const, ...hook }))
  const ports = { clock, random: createFakeRandom([0.999]), reports, ...(node !== undefined && { node }) }
  const webhooks = createWebhooks(all, ports)
  t.after(() => webhooks.close())
  return {
    ...{ clock, webhooks, told, reasons },
    async untilTold(line, times = 1) {
      while (told.filter((one) => one === line).length < times) {
        await new Promise<void>((resolve) => watchers.add(resolve))
      }
    },
  }
}
