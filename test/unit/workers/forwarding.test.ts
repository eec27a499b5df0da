/** Requests that a worker takes in and the hub answers. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { MessageChannel } from 'node:worker_threads'
import { Abandoned, ProxyError } from '../../../src/base/errors.ts'
import { createTrace } from '../../../src/base/trace.ts'
import type { EpochMs, RequestId } from '../../../src/base/types.ts'
import type { Handler, ProxyRequest } from '../../../src/http/messages.ts'
import { answerForwarded, type BodyCalls, Forwarder, type ForwardingCalls } from '../../../src/workers/forwarding.ts'
import { type Calls, Link } from '../../../src/workers/link.ts'

const post: ProxyRequest = {
  ...{ id: 'r' as RequestId, method: 'POST', host: 'h', path: '/admin', query: '', headers: ['A', 'b'] },
  ...{ clientAddress: '192.0.2.1', receivedAt: 0 as EpochMs, hasBody: false, signal: new AbortController().signal },
  header: () => undefined,
  readBody: async () => Buffer.from('egg'),
}

/** `handle`: at the hub. */
function forwarding(handle: Handler) {
  const { port1, port2 } = new MessageChannel()
  const bodies: Record<string, Calls[string]> = {}
  const forwarder = new Forwarder(new Link<ForwardingCalls>(port1, bodies))
  Object.assign(bodies, forwarder.calls)
  const calls: Record<string, Calls[string]> = {}
  Object.assign(calls, answerForwarded(new Link<BodyCalls>(port2, calls), handle, createTrace))
  return { forwarder, [Symbol.dispose]: () => port1.close() }
}

const noContent = { status: 204, headers: [], body: { kind: 'empty' } } as const

test('what the hub reads is what the client sent', async () => {
  const bodies: string[] = []
  using on = forwarding(async (request) => {
    bodies.push(Buffer.from(await request.readBody(10)).toString())
    return noContent
  })
  assert.equal((await on.forwarder.handle(post, createTrace())).status, 204)
  assert.deepEqual(bodies, ['egg'])
})

test('that a body is too large or its client gone is told apart at the hub as well', async () => {
  const failures: unknown[] = []
  using on = forwarding(async (request) => {
    await request.readBody(10).catch((error) => failures.push(error))
    return noContent
  })
  for (const failure of [new ProxyError('RequestBodyNotAllowed', 'too large'), new Abandoned('gone')]) {
    const readBody = () => Promise.reject(failure)
    await on.forwarder.handle({ ...post, readBody }, createTrace())
  }
  const [tooLarge, gone] = failures
  assert(tooLarge instanceof ProxyError && tooLarge.code === 'RequestBodyNotAllowed')
  assert(gone instanceof Abandoned)
})

test('a client that leaves is gone for the hub', async () => {
  const client = new AbortController()
  const reasons: unknown[] = []
  using on = forwarding(async ({ signal }) => {
    const left = new Promise((resolve) => signal.addEventListener('abort', resolve))
    client.abort()
    await left
    reasons.push(signal.reason)
    return noContent
  })
  await on.forwarder.handle({ ...post, signal: client.signal }, createTrace())
  assert(reasons[0] instanceof Abandoned)
})
