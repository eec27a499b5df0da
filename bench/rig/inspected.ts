/** What a Node process holds, asked through its inspector, so that it needs no code of ours; and what the kernel says. */
import { readdirSync, readFileSync, readlinkSync } from 'node:fs'
import type { Started } from './session.ts'

/** Node's flags for a process that is to be asked. */
export const inspectedFlags = ['--inspect=127.0.0.1:0']

export interface Held {
  /** After a forced collection, Buffers included. */
  readonly heapAndExternalBytes: number
  readonly rssBytes: number
  readonly sockets: number
}

interface Reply {
  readonly id: number
  readonly result?: { readonly result?: { readonly value?: unknown } }
  readonly error?: { readonly message: string }
}

const askLimitMs = 30_000

export async function readHeld(started: Started): Promise<Held> {
  const socket = new WebSocket(inspectorUrl(started))
  try {
    await opened(socket)
    await ask(socket, 1, 'HeapProfiler.collectGarbage', {})
    const expression = '(({ heapUsed, external }) => heapUsed + external)(process.memoryUsage())'
    const { result } = await ask(socket, 2, 'Runtime.evaluate', { expression, returnByValue: true })
    const heapAndExternalBytes = Number(result?.result?.value)
    // One more socket for as long as we ask: not counted.
    return { heapAndExternalBytes, rssBytes: rssOf(started.pid), sockets: socketsOf(started.pid) - 1 }
  } finally {
    socket.close()
  }
}

/** It says so on stderr; a program that restarts itself does so twice, and the last one holds. */
function inspectorUrl({ logFile, label }: Started): string {
  const url = readFileSync(logFile, 'utf8')
    .match(/ws:\/\/\S+/g)
    ?.at(-1)
  if (url === undefined) throw new Error(`${label} has no inspector`)
  return url
}

function opened(socket: WebSocket): Promise<void> {
  return new Promise((resolve, reject) => {
    socket.addEventListener('open', () => resolve(), { once: true })
    socket.addEventListener('error', () => reject(new Error('the inspector does not answer')), { once: true })
  })
}

async function ask(socket: WebSocket, id: number, method: string, params: object): Promise<Reply> {
  const { promise, resolve, reject } = Promise.withResolvers<Reply>()
  const timer = setTimeout(() => reject(new Error(`no answer to ${method}`)), askLimitMs)
  const listen = ({ data }: MessageEvent) => {
    const reply = JSON.parse(String(data)) as Reply
    if (reply.id === id) resolve(reply)
  }
  socket.addEventListener('message', listen)
  socket.send(JSON.stringify({ id, method, params }))
  const reply = await promise.finally(() => {
    clearTimeout(timer)
    socket.removeEventListener('message', listen)
  })
  if (reply.error !== undefined) throw new Error(`${method}: ${reply.error.message}`)
  return reply
}

function rssOf(pid: number): number {
  return Number(/^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]) * 1024
}

function socketsOf(pid: number): number {
  const folder = `/proc/${pid}/fd`
  return readdirSync(folder).filter((name) => {
    try {
      return readlinkSync(`${folder}/${name}`).startsWith('socket:')
    } catch {
      return false // closed since the folder was read
    }
  }).length
}
