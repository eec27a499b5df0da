/** One GET of a key set. By node:http, since undici can't call off a connection that is still being opened. */

import { type IncomingMessage, request as requestHttp } from 'node:http'
import { request as requestHttps } from 'node:https'
import { isIPv4 } from 'node:net'

const maxBytes = 1024 * 1024

/** Why keys must not be fetched from there; undefined when they may. */
export function jwksUrlProblem(url: URL): string | undefined {
  if (url.username !== '' || url.password !== '') return 'must not hold credentials'
  if (url.protocol === 'https:') return undefined
  return url.protocol === 'http:' && isLoopback(url.hostname) ? undefined : 'must be https, or http to this machine'
}

/**
 * The document at `url`, as parsed. Rejects for anything but a 200 of at most 1 MiB that is JSON. Redirects are not
 * followed: this address is trusted, and not those it names. The connection is closed when this settles.
 */
export async function fetchJson(url: URL, signal: AbortSignal): Promise<unknown> {
  const response = await get(url, signal)
  try {
    if (response.statusCode !== 200) throw new Error(`the status is ${response.statusCode}`)
    return JSON.parse(await textOf(response))
  } finally {
    response.destroy()
  }
}

function get(url: URL, signal: AbortSignal): Promise<IncomingMessage> {
  const { promise, resolve, reject } = Promise.withResolvers<IncomingMessage>()
  const options = {
    agent: false,
    headers: { accept: 'application/json' },
    // Whatever NODE_TLS_REJECT_UNAUTHORIZED says: who can forge keys can forge tokens.
    rejectUnauthorized: true,
    signal,
  }
  const request = url.protocol === 'https:' ? requestHttps(url, options) : requestHttp(url, options)
  // A server that switches to another protocol is hung up on by node, without an error.
  const closed = () => reject(new Error('the connection was closed without an answer'))
  request.on('response', resolve).on('error', reject).on('close', closed).end()
  return promise
}

async function textOf(response: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = []
  let size = 0
  for await (const chunk of response as AsyncIterable<Buffer>) {
    size += chunk.length
    if (size > maxBytes) throw new Error(`the answer is larger than ${maxBytes} bytes`)
    chunks.push(chunk)
  }
  return Buffer.concat(chunks).toString()
}

function isLoopback(hostname: string): boolean {
  return hostname === 'localhost' || hostname === '[::1]' || (isIPv4(hostname) && hostname.startsWith('127.'))
}
