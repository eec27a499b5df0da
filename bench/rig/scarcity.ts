/** What `bench/exhaustion.ts` takes from a running proxy, each until `untilMs`, and then gives back. */
import { spawnSync } from 'node:child_process'
import { readdirSync, readFileSync } from 'node:fs'
import { rm, writeFile } from 'node:fs/promises'
import { connect, type Socket } from 'node:net'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Redis } from 'ioredis'

/** What is freed meanwhile is taken again so often. */
const refillEveryMs = 200
const [pieceBytes, crumbBytes] = [2 ** 20, 4096]

/** No room in the folder's file system, whatever the proxy removes. */
export async function fillDisk(folder: string, untilMs: number): Promise<void> {
  const ballast = join(folder, 'ballast')
  try {
    while (performance.now() < untilMs) {
      for (const bytes of [pieceBytes, crumbBytes]) while (await grow(ballast, bytes));
      await sleep(refillEveryMs)
    }
  } finally {
    await rm(ballast, { force: true })
  }
}

/** False: it did not fit. */
function grow(file: string, bytes: number): Promise<boolean> {
  return writeFile(file, Buffer.alloc(bytes), { flag: 'a' }).then(
    () => true,
    () => false, // what did fit of it stays
  )
}

const nothingTakenMs = 5000

/** No room for values; and, in turns, nobody let in, nobody answered, and no more than that. */
export async function starveRedis(admin: Redis, untilMs: number): Promise<void> {
  const set = (name: string, value: string) => admin.config('SET', name, value)
  const [[, memory = '0'] = [], [, clients = '10000'] = []] = await Promise.all([
    admin.config('GET', 'maxmemory') as Promise<string[]>,
    admin.config('GET', 'maxclients') as Promise<string[]>,
  ])
  await set('maxmemory', '1mb')
  try {
    for (let turn = 0; performance.now() < untilMs; turn += 1) {
      const turnMs = Math.min(nothingTakenMs, untilMs - performance.now())
      const kind = turn % 3
      if (kind === 0) {
        await set('maxclients', '1') // who asks this
        await admin.call('CLIENT', 'KILL', 'TYPE', 'normal', 'SKIPME', 'yes')
      }
      if (kind === 1) await admin.client('PAUSE', Math.floor(turnMs * 0.8), 'ALL')
      await sleep(turnMs)
      if (kind === 0) await set('maxclients', clients)
    }
  } finally {
    await set('maxclients', clients)
    await set('maxmemory', memory)
  }
}

/** So many more may be open than are, and more clients than all of these come and stay. Gives how often one was turned away. */
export async function takeDescriptors(
  { pid, port }: { readonly pid: number; readonly port: number },
  spare: number,
  untilMs: number,
): Promise<number> {
  const limits = /^Max open files +(\d+) +(\d+)/m.exec(readFileSync(`/proc/${pid}/limits`, 'utf8'))
  const [, soft = '', hard = ''] = limits ?? []
  const most = openFiles(pid) + spare
  limitOpenFiles(pid, `${most}`, hard)
  const crowd = new IdleCrowd(port, most)
  try {
    await sleep(Math.max(0, untilMs - performance.now()))
  } finally {
    limitOpenFiles(pid, soft, hard)
    crowd.leave()
  }
  return crowd.turnedAway
}

export function openFiles(pid: number): number {
  return readdirSync(`/proc/${pid}/fd`).length
}

function limitOpenFiles(pid: number, soft: string, hard: string): void {
  const { status, stderr } = spawnSync('prlimit', [`--pid=${pid}`, `--nofile=${soft}:${hard}`], { encoding: 'utf8' })
  if (status !== 0) throw new Error(`prlimit (util-linux): ${stderr}`)
}

const againMs = 500

/** Clients that connect and say nothing, and come back when they are sent away. */
class IdleCrowd {
  readonly #port: number
  readonly #sockets = new Set<Socket>()
  #isOver = false
  turnedAway = 0

  constructor(port: number, count: number) {
    this.#port = port
    for (let index = 0; index < count; index += 1) this.#come()
  }

  leave(): void {
    this.#isOver = true
    for (const socket of this.#sockets) socket.destroy()
  }

  #come(): void {
    if (this.#isOver) return
    const socket = connect(this.#port, '127.0.0.1').on('error', () => undefined)
    this.#sockets.add(socket)
    socket.resume().on('close', () => {
      this.#sockets.delete(socket)
      if (this.#isOver) return
      this.turnedAway += 1
      setTimeout(() => this.#come(), againMs)
    })
  }
}
