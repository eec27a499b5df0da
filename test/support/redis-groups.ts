/** Several redis-servers that make one service: a Redis Cluster, or a master and its replica under a sentinel. */

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { freePort } from './free-port.ts'
import { ensurePrograms } from './packages.ts'
import { type Cleanup, RedisProcess, startOwnRedis } from './redis-server.ts'
import { eventually } from './redis-tier.ts'

const slots = 16_384
const masters = 3

export interface RedisClusterNode {
  readonly server: RedisProcess
  readonly id: string
}

/** Three masters, each with a third of the slots; it goes on with what is left when one of them dies. */
export async function startRedisCluster(t: Cleanup): Promise<readonly RedisClusterNode[]> {
  const folder = temporaryFolder(t)
  const nodes: RedisClusterNode[] = []
  const busPorts: number[] = []
  for (let index = 0; index < masters; index++) {
    const busPort = await freePort()
    const settings = ['--dir', folder, '--cluster-enabled', 'yes', '--cluster-config-file', `nodes-${index}.conf`]
    const bus = ['--cluster-port', String(busPort), '--cluster-node-timeout', '1000']
    const server = await startOwnRedis(t, [...settings, ...bus, '--cluster-require-full-coverage', 'no'])
    const range = [Math.ceil((slots * index) / masters), Math.ceil((slots * (index + 1)) / masters) - 1]
    await server.ask('CLUSTER', 'ADDSLOTSRANGE', ...range.map(String))
    nodes.push({ server, id: String(await server.ask('CLUSTER', 'MYID')) })
    busPorts.push(busPort)
  }
  for (const [index, { server }] of nodes.entries()) {
    await nodes[0]?.server.ask('CLUSTER', 'MEET', '127.0.0.1', String(server.port), String(busPorts[index]))
  }
  for (const { server } of nodes) await eventually(() => knowsAll(server))
  return nodes
}

async function knowsAll(server: RedisProcess): Promise<boolean> {
  const info = String(await server.ask('CLUSTER', 'INFO'))
  return info.includes('cluster_state:ok') && info.includes(`cluster_slots_assigned:${slots}`)
}

export interface RedisWatched {
  readonly master: RedisProcess
  readonly replica: RedisProcess
  readonly sentinel: RedisProcess
}

/** The sentinel calls the master `main`, and takes another one after half a second of silence. */
export async function startRedisSentinel(t: Cleanup, sentinelPassword: string): Promise<RedisWatched> {
  await ensurePrograms('redis')
  const master = await startOwnRedis(t)
  const replica = await startOwnRedis(t, [
    '--replicaof',
    '127.0.0.1',
    String(master.port),
    '--repl-diskless-sync-delay',
    '0',
  ])
  await eventually(async () => String(await replica.ask('INFO', 'replication')).includes('master_link_status:up'))
  const port = await freePort()
  const file = join(temporaryFolder(t), 'sentinel.conf')
  const settings = [
    `port ${port}`,
    'bind 127.0.0.1',
    `requirepass ${sentinelPassword}`,
    `sentinel monitor main 127.0.0.1 ${master.port} 1`,
    'sentinel down-after-milliseconds main 500',
    'sentinel failover-timeout main 2000',
  ]
  writeFileSync(file, `${settings.join('\n')}\n`)
  const sentinel = new RedisProcess(port, [file, '--sentinel'])
  t.after(() => sentinel.kill())
  await sentinel.start()
  return { master, replica, sentinel }
}

function temporaryFolder(t: Cleanup): string {
  const folder = mkdtempSync(join(tmpdir(), 'yatagarasu-redis-'))
  t.after(async () => rmSync(folder, { recursive: true, force: true }))
  return folder
}
