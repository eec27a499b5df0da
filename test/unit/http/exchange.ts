/** One request, one scripted response, and what became of both. */

import type { TestContext } from 'node:test'
import type { HeaderList } from '../../../src/base/types.ts'
import type { ProxyResponse } from '../../../src/http/messages.ts'
import { type Done, get, startListener } from './rig.ts'

export type Source = (signal: AbortSignal) => AsyncIterable<Uint8Array>

export interface Exchanged {
  readonly text: string
  readonly body: string
  readonly done: Done
  readonly discarded: number
}

/** One request on a connection of its own, answered with `response`. */
export async function exchange(t: TestContext, response: ProxyResponse, request = get('/', 'Connection: close')) {
  const { converse, untilDone } = await startListener(t, async () => response)
  const text = await converse(request)
  const done = await untilDone(1)
  return { text, body: text.slice(text.indexOf('\r\n\r\n') + 4), done }
}

export async function exchangeStream(
  t: TestContext,
  source: Source,
  size: number | undefined,
  options: { request?: string; headers?: HeaderList; status?: number } = {},
): Promise<Exchanged> {
  let discarded = 0
  const discard = () => {
    discarded += 1
  }
  const { status = 200, headers = [], request } = options
  const sized = size === undefined ? {} : { size }
  const response = { status, headers, body: { kind: 'stream', read: source, discard, ...sized } } as const
  const exchanged = await exchange(t, response, request)
  return { ...exchanged, discarded }
}

export async function* chunks(...texts: readonly string[]) {
  for (const text of texts) yield Buffer.from(text)
}
