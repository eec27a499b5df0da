/** A server that speaks as much of Redis's protocol as a test wants, well or badly. */

import { once } from 'node:events'
import { createServer, type Socket } from 'node:net'
import type { Cleanup } from './redis-server.ts'

/** Bytes to send, one character each; undefined: silence. */
export type FakeReply = string | undefined

export interface FakeRedis {
  readonly url: string
  /** `number name args…` of every command, `number` being that of its connection. */
  readonly commands: readonly string[]
  /** Breaks every connection there is. */
  hangUp(): void
}

const answers: Readonly<Record<string, string>> = {
  time: '*2\r\n$10\r\n1750000000\r\n$1\r\n0\r\n',
  zrange: '*0\r\n',
  get: '$-1\r\n',
}

/** Greets as a Redis does that knows nothing of RESP 3, and has no purges. What the script does not answer gets `+OK`. */
export async function startFakeRedis(
  t: Cleanup,
  script: (words: readonly string[], connection: number) => FakeReply | 'ok',
): Promise<FakeRedis> {
  const commands: string[] = []
  const sockets = new Set<Socket>()
  let connections = 0
  const server = createServer((socket) => {
    const connection = connections++
    sockets.add(socket)
    socket.on('close', () => sockets.delete(socket))
    socket.on('error', () => undefined) // the client hangs up
    let unread = Buffer.alloc(0)
    socket.on('data', (chunk) => {
      unread = Buffer.concat([unread, chunk as Buffer])
      for (let read = firstCommand(unread); read !== undefined; read = firstCommand(unread)) {
        unread = unread.subarray(read.bytes)
        commands.push(`${connection} ${read.words.join(' ')}`)
        const reply = answerTo(read.words, connection)
        if (reply !== undefined) socket.write(reply, 'latin1')
      }
    })
  })

  function answerTo(words: readonly string[], connection: number): FakeReply {
    if (words[0] === 'hello') return "-ERR unknown command 'HELLO'\r\n"
    const reply = script(words, connection)
    if (reply !== 'ok') return reply
    return answers[words[0] ?? ''] ?? '+OK\r\n'
  }

  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const hangUp = () => {
    for (const socket of sockets) socket.destroy()
  }
  t.after(async () => {
    hangUp()
    server.close()
    await once(server, 'close')
  })
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('the fake redis has no port')
  return { url: `redis://127.0.0.1:${address.port}`, commands, hangUp }
}

/** `*2\r\n$3\r\nget\r\n$1\r\na\r\n`. Undefined: it is not all there yet. */
function firstCommand(bytes: Buffer): { readonly words: readonly string[]; readonly bytes: number } | undefined {
  let at = 0
  const number = () => {
    const end = bytes.indexOf('\r\n', at)
    if (end === -1) return undefined
    const value = Number(bytes.toString('latin1', at + 1, end))
    at = end + 2
    return value
  }
  const count = number()
  if (count === undefined) return undefined
  const words: string[] = []
  while (words.length < count) {
    const length = number()
    if (length === undefined || at + length + 2 > bytes.length) return undefined
    words.push(bytes.toString('latin1', at, at + length))
    at += length + 2
  }
  return { words, bytes: at }
}
