/** What bench/audit-load.ts plays on: an origin, a real syslog server, a real S3 server behind a gate, and proxies before them. */
import { once } from 'node:events'
import { mkdirSync } from 'node:fs'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { CreateBucketCommand, S3Client } from '@aws-sdk/client-s3'
import { startRgw } from '../../test/support/rgw.ts'
import { Rsyslog } from '../../test/support/rsyslog.ts'
import { createAuditOrigin } from './audit-origin.ts'
import { secret } from './audit-traffic.ts'
import { Gate } from './gate.ts'
import { findFreePort, readAddresses } from './servers.ts'
import { type Session, type Started, waitFor } from './session.ts'

export const auditConfigFile = join(import.meta.dirname, 'yatagarasu-audit.yaml')
export const auditBucket = 'audit'
export const mainFile = join(import.meta.dirname, '..', '..', 'src', 'main.ts')

export interface AuditedProxy {
  readonly started: Started
  readonly url: string
  readonly metrics: string
  readonly auditFile: string
}

/** `plain`: without a chain, as it is unless one asks for it. */
export type AuditKind = 'chained' | 'plain' | 'none'

/** SIGTERM gives S3 ten seconds. */
const stopMs = 15_000
const pollMs = 50

interface Parts extends Pick<AuditStage, 'rsyslog' | 's3' | 'client'> {
  readonly words: Readonly<Record<string, string>>
  readonly cleanups: readonly (() => unknown)[]
}

export class AuditStage {
  readonly rsyslog: Rsyslog
  /** Shut, S3 is away. */
  readonly s3: Gate
  readonly client: S3Client
  readonly #session: Session
  readonly #words: Readonly<Record<string, string>>
  readonly #cleanups: readonly (() => unknown)[]

  static async open(session: Session): Promise<AuditStage> {
    const origin = createAuditOrigin().listen(0, '127.0.0.1')
    await once(origin, 'listening')
    const folder = join(session.folder, 'rsyslog')
    mkdirSync(folder)
    const rsyslog = new Rsyslog(folder, await findFreePort())
    await rsyslog.start()
    const rgw = await startRgw()
    const s3 = new Gate(Number(new URL(rgw.endpoint).port))
    await s3.open()
    const { accessKeyId, secretAccessKey, region, endpoint } = rgw
    const credentials = { accessKeyId, secretAccessKey }
    const client = new S3Client({ endpoint, region, forcePathStyle: true, credentials })
    await client.send(new CreateBucketCommand({ Bucket: auditBucket }))
    const words = {
      ...{ SECRET: secret, ORIGIN_PORT: `${(origin.address() as AddressInfo).port}`, SYSLOG_PORT: `${rsyslog.port}` },
      ...{ S3_ENDPOINT: `http://127.0.0.1:${s3.port}`, S3_ACCESS_KEY: accessKeyId, S3_SECRET_KEY: secretAccessKey },
    }
    const cleanups = [() => origin.close(), () => origin.closeAllConnections(), () => rsyslog.kill(), rgw.close]
    return new AuditStage(session, { rsyslog, s3, client, words, cleanups })
  }

  private constructor(session: Session, { rsyslog, s3, client, words, cleanups }: Parts) {
    this.#session = session
    this.rsyslog = rsyslog
    this.s3 = s3
    this.client = client
    this.#words = words
    this.#cleanups = cleanups
  }

  async startProxy(name: string, audit: AuditKind): Promise<AuditedProxy> {
    const command = [mainFile, 'serve', '--config', auditConfigFile]
    const words = this.wordsFor(name, audit)
    const started = this.#session.start(name, this.#session.cores.server, process.execPath, command, words)
    const { main, metrics } = await waitFor(started, () => readAddresses(started))
    return { started, url: main, metrics, auditFile: join(this.#session.folder, name, 'audit.log') }
  }

  /** What the config file asks for. */
  wordsFor(name: string, audit: AuditKind): Readonly<Record<string, string>> {
    const chosen = { AUDIT: `${audit !== 'none'}`, CHAIN: `${audit === 'chained'}` }
    return { ...this.#words, ...chosen, AUDIT_FOLDER: join(this.#session.folder, name) }
  }

  /** As an operator would. Rejects when it does not end in time. */
  async stopProxy({ started }: AuditedProxy): Promise<void> {
    process.kill(started.pid, 'SIGTERM')
    const late = sleep(stopMs, 'late', { ref: false })
    if ((await Promise.race([started.exited, late])) === 'late') throw new Error(`${started.label} does not end`)
  }

  /** What rsyslog has written down, once nothing more comes. */
  async syslogLines(): Promise<readonly string[]> {
    for (let known = -1; ; await sleep(10 * pollMs)) {
      const received = await this.rsyslog.received('tcp')
      if (received.length === known) return received.map(({ message }) => message)
      known = received.length
    }
  }

  async close(): Promise<void> {
    this.client.destroy()
    await this.s3.shut()
    for (const clean of this.#cleanups) await clean()
  }
}

/** The sum of all series of that name whose labels hold `label`. */
export async function readCounter({ metrics }: AuditedProxy, name: string, label: string): Promise<number> {
  const text = await (await fetch(`${metrics}/metrics`)).text()
  const series = text.split('\n').filter((line) => line.startsWith(`${name}{`) && line.includes(label))
  return series.reduce((sum, line) => sum + Number(line.slice(line.lastIndexOf(' '))), 0)
}
