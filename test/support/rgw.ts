/**
 * Starts Ceph's RADOS Gateway: a real S3 server, on loopback, its data in memory. One monitor, one OSD and the gateway,
 * from Debian's packages, with their files in a temp folder; ready in one to four seconds.
 */
import type { ChildProcess } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { kill, runTool, spawnBound } from './child-process.ts'
import { freePort } from './free-port.ts'
import type { S3Address } from './s3-address.ts'

export interface Rgw extends S3Address {
  close(): Promise<void>
}

const users = {
  accessKeyId: 'AKIAMAINTESTKEY00001',
  secretAccessKey: 'secretMain0123456789abcdefghijklmnopqrst',
  altAccessKeyId: 'AKIAALTTESTKEY000001',
  altSecretAccessKey: 'secretAlt01234567890abcdefghijklmnopqrst',
}
const startLimitMs = 20_000
const pollMs = 20

/** Tried twice: another process may take a port between choosing and binding it. */
export async function startRgw(): Promise<Rgw> {
  return await startOnce().catch(() => startOnce())
}

async function startOnce(): Promise<Rgw> {
  const folder = await mkdtemp(join(tmpdir(), 'yatagarasu-rgw-'))
  const daemons: ChildProcess[] = []
  const close = async () => {
    await Promise.all(daemons.map(kill))
    await rm(folder, { recursive: true, force: true, maxRetries: 3 })
  }
  try {
    const endpoint = await bringUp(folder, daemons, AbortSignal.timeout(startLimitMs))
    return { endpoint, region: 'us-east-1', ...users, close }
  } catch (cause) {
    const log = await readFile(join(folder, 'log/client.rgw.log'), 'utf8').catch(() => '(it wrote no log)')
    await close()
    throw new Error(`Ceph RGW did not start; the end of its log:\n${log.slice(-2000)}`, { cause })
  }
}

async function bringUp(folder: string, daemons: ChildProcess[], signal: AbortSignal): Promise<string> {
  const [gatewayPort, monitorPort, osdPort] = [await freePort(), await freePort(), await freePort()]
  const fsid = randomUUID()
  const config = join(folder, 'ceph.conf')
  for (const name of ['mon', 'osd/0', 'rgw', 'log', 'run']) await mkdir(join(folder, name), { recursive: true })
  await writeFile(config, cephConfig({ folder, fsid, gatewayPort, monitorPort, osdPort }))
  const env = { ...process.env, CEPH_CONF: config }
  const tool = (name: string, ...args: string[]) => runTool(name, args, { env, signal })
  const daemon = (name: string, ...args: string[]) => {
    daemons.push(spawnBound(name, ['-f', ...args], { env, stdio: 'ignore' }))
  }

  const map = join(folder, 'monmap')
  await tool('monmaptool', '--create', '--fsid', fsid, '--addv', 'a', `[v2:127.0.0.1:${monitorPort}]`, map)
  await tool('ceph-mon', '-i', 'a', '--mkfs', '--monmap', map)
  daemon('ceph-mon', '-i', 'a')
  const osd = randomUUID()
  await tool('ceph', '--connect-timeout', '10', 'osd', 'new', osd)
  await tool('ceph-osd', '-i', '0', '--mkfs', '--osd-uuid', osd)
  daemon('ceph-osd', '-i', '0')
  await createUser(tool, 'main', users.accessKeyId, users.secretAccessKey)
  await createUser(tool, 'alt', users.altAccessKeyId, users.altSecretAccessKey)
  daemon('radosgw', '-n', 'client.rgw')

  const endpoint = `http://127.0.0.1:${gatewayPort}`
  await untilAnswered(endpoint, signal)
  return endpoint
}

async function createUser(
  tool: (name: string, ...args: string[]) => Promise<string>,
  id: string,
  key: string,
  secret: string,
) {
  const email = `${id}@example.com`
  const keys = [`--access-key=${key}`, `--secret=${secret}`]
  await tool('radosgw-admin', 'user', 'create', `--uid=${id}`, `--display-name=${id}`, `--email=${email}`, ...keys)
}

async function untilAnswered(endpoint: string, signal: AbortSignal): Promise<void> {
  for (;;) {
    const answer = await fetch(endpoint, { signal }).catch(() => undefined)
    if (answer !== undefined) {
      await answer.body?.cancel()
      return
    }
    await delay(pollMs, undefined, { signal })
  }
}

interface CephSettings {
  readonly folder: string
  readonly fsid: string
  readonly gatewayPort: number
  readonly monitorPort: number
  readonly osdPort: number
}

function cephConfig({ folder, fsid, gatewayPort, monitorPort, osdPort }: CephSettings): string {
  return `[global]
fsid = ${fsid}
mon host = [v2:127.0.0.1:${monitorPort}]
mon initial members = a
public addr = 127.0.0.1
cluster addr = 127.0.0.1
ms bind ipv6 = false
ms bind msgr1 = false
ms bind port min = ${osdPort}
ms bind port max = ${osdPort + 40}
auth cluster required = none
auth service required = none
auth client required = none
# The gateway's own default is "secure", which hangs for ever when nobody authenticates.
ms mon client mode = crc
ms mon cluster mode = crc
ms mon service mode = crc
run dir = ${folder}/run
admin socket = ${folder}/run/$name.asok
pid file = ${folder}/run/$name.pid
log file = ${folder}/log/$name.log
mon cluster log file = ${folder}/log/cluster.log
log to stderr = false
mon data = ${folder}/mon
mon data avail crit = 1
mon data avail warn = 1
mon allow pool size one = true
mon max pg per osd = 4000
# With the default of one proposal a second, starting takes 12 s instead of one.
paxos propose interval = 0.02
paxos min wait = 0.01
osd data = ${folder}/osd/$id
osd objectstore = memstore
memstore device bytes = 4294967296
osd max object name len = 2048
osd heartbeat interval = 20
mon client hunt interval = 0.3
objecter tick interval = 0.3
osd crush chooseleaf type = 0
osd class load list = *
osd class default list = *
osd pool default size = 1
osd pool default min size = 1
osd pool default pg num = 1
osd pool default pgp num = 1
osd pool default pg autoscale mode = off
[client]
keyring = /dev/null
rgw data = ${folder}/rgw
# Without tcp_nodelay every keep-alive GET costs 40 ms: Nagle meets the delayed ACK.
rgw frontends = beast endpoint=127.0.0.1:${gatewayPort} tcp_nodelay=1
rgw rados pool pg num min = 1
rgw thread pool size = 64
rgw enable usage log = false
rgw dns name = s3.localhost
rgw crypt require ssl = false
rgw gc obj min wait = 5
rgw gc processor period = 5
rgw gc processor max time = 5
debug rgw = 0/0
`
}
