/** Requests, as far as whoever asks for tokens looks at them. */
import { fieldValue } from '../../src/base/header-list.ts'
import type { RequestId } from '../../src/base/types.ts'
import type { ProxyRequest } from '../../src/http/messages.ts'
import { FakeClock } from './fake-clock.ts'

export function accessRequest(headers: Readonly<Record<string, string>> = {}, query = ''): ProxyRequest {
  const list = Object.entries(headers).flat()
  return {
    id: 'test' as RequestId,
    method: 'GET',
    host: '',
    path: '/bucket/key',
    query,
    headers: list,
    header: (name) => fieldValue(list, name),
    clientAddress: '127.0.0.1',
    receivedAt: new FakeClock().now(),
    hasBody: false,
    readBody: async () => new Uint8Array(0),
    signal: new AbortController().signal,
  }
}

/** The token byte for byte, whatever is in it: what a field would trim is in a query. */
export function requestWith(token: string): ProxyRequest {
  return accessRequest({}, `token=${encodeURIComponent(token)}`)
}
