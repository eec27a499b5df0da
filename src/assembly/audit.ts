/** The audit log and its sinks, and the webhooks. */

import { hostname } from 'node:os'
import { type AuditLog, createAuditLog } from '../audit/audit-log.ts'
import type { AuditSink, SinkEvents, SinkName } from '../audit/audit-sink.ts'
import { Chain, openChain } from '../audit/chain.ts'
import { FileSink } from '../audit/file-sink.ts'
import { S3Sink } from '../audit/s3-sink.ts'
import { SyslogSink } from '../audit/syslog-sink.ts'
import type { Clock } from '../base/clock.ts'
import type { Random } from '../base/random.ts'
import type { AuditConfig, Config } from '../config/config.ts'
import { createCredentialSource } from '../origin/credentials.ts'
import { redactionOf } from './request-log.ts'

export interface AuditPorts {
  readonly clock: Clock
  readonly random: Random
  readonly events: SinkEvents
}

/** What stays open however the config changes. */
export interface OpenedAudit {
  readonly sinks: readonly AuditSink[]
  readonly chain: Chain | undefined
}

/** Undefined: nothing is audited. Rejects when the folder of what waits for S3 cannot be used: nothing would be safe there. */
export async function openAudit({ audit }: Config, ports: AuditPorts): Promise<OpenedAudit | undefined> {
  if (audit === undefined) return undefined
  // Before the file is opened for writing.
  const chain = audit.chain ? await chainOf(audit) : undefined
  return { chain, sinks: await openSinks(audit, ports) }
}

/** Which sinks there are. */
export function sinksOf(audit: AuditConfig): readonly SinkName[] {
  return (['file', 'syslog', 's3'] as const).filter((name) => audit[name] !== undefined)
}

/** Writes what waits. Never rejects. */
export async function closeAudit(opened: OpenedAudit | undefined): Promise<void> {
  await Promise.all((opened?.sinks ?? []).map((sink) => sink.close()))
}

/** Files anew by their names. Never rejects. */
export async function reopenAudit(opened: OpenedAudit | undefined): Promise<void> {
  await Promise.all((opened?.sinks ?? []).map((sink) => sink.reopen()))
}

/** What a configuration says of entries, over sinks that are open. */
export function auditOf(config: Config, opened: OpenedAudit | undefined): AuditLog | undefined {
  const { audit } = config
  if (audit === undefined || opened === undefined) return undefined
  const redaction = redactionOf(config, { headers: audit.redactHeaders, anonymizeIp: audit.anonymizeIp })
  return createAuditLog({ level: audit.level, redaction, chain: opened.chain }, opened.sinks)
}

/** It goes on where the file ends. */
function chainOf({ file }: AuditConfig): Promise<Chain> | Chain {
  return file === undefined ? new Chain(undefined) : openChain(file.path)
}

async function openSinks(
  { file, syslog, s3 }: AuditConfig,
  { clock, random, events }: AuditPorts,
): Promise<readonly AuditSink[]> {
  const shared = { clock, random, events, hostname: hostname() }
  const sinks: AuditSink[] = []
  if (s3 !== undefined) {
    const credentials = createCredentialSource(s3.credentials, s3.region, clock)
    sinks.push(await S3Sink.open(s3, { ...shared, credentials }))
  }
  if (file !== undefined) sinks.push(new FileSink(file, { clock, events }))
  if (syslog !== undefined) sinks.push(new SyslogSink(syslog, { ...shared, pid: process.pid }))
  return sinks
}
