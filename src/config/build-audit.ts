/** Settings of the audit log into those of its outputs. */

import { dirname, join } from 'node:path'
import { buildS3Access } from './build-s3.ts'
import type { AuditConfig } from './config.ts'
import { parseHostPort } from './formats.ts'
import { outputsOf } from './rules-audit.ts'
import type { Settings } from './schema.ts'

type Audit = Settings['audit_log']

const msPerDay = 86_400_000
const defaultFolder = '/var/lib/yatagarasu'
/** IANA's port numbers for syslog over UDP, and over TLS (RFC 5425 §4.1). Over bare TCP, servers use the former. */
const syslogPorts = { udp: 514, tcp: 514, tls: 6514 } as const

export function buildAudit(audit: Audit): AuditConfig | undefined {
  if (!audit.enabled) return undefined
  const outputs = outputsOf(audit)
  return {
    level: audit.log_level,
    chain: audit.chain,
    redactHeaders: audit.redact_headers.map((name) => name.toLowerCase()),
    anonymizeIp: audit.anonymize_ip,
    file: outputs.includes('file') ? buildFile(audit) : undefined,
    syslog: outputs.includes('syslog') ? buildSyslog(audit) : undefined,
    s3: outputs.includes('s3') ? buildExport(audit) : undefined,
  }
}

function buildFile({ file, max_age_days: days }: Audit): AuditConfig['file'] {
  return (
    file && {
      path: file.path,
      maxFileBytes: file.max_file_size_mb,
      maxBackupFiles: file.max_backup_files,
      rotation: file.rotation_policy,
      bufferBytes: file.buffer_size,
      maxAgeMs: days === undefined ? undefined : Math.round(days * msPerDay),
    }
  )
}

function buildSyslog({ syslog }: Audit): AuditConfig['syslog'] {
  if (syslog === undefined) return undefined
  const { protocol, facility } = syslog
  const { host, port } = syslogServer(syslog)
  return { host, port, protocol, facility }
}

export function syslogServer({ address, protocol }: NonNullable<Audit['syslog']>): {
  readonly host: string
  readonly port: number
} {
  const { host, port } = parseHostPort(address) ?? { host: address, port: undefined }
  return { host, port: port ?? syslogPorts[protocol] }
}

function buildExport(audit: Audit): AuditConfig['s3'] {
  const { s3_export: s3 } = audit
  return (
    s3 && {
      bucket: s3.s3_bucket,
      ...buildS3Access(s3),
      keyPrefix: s3.s3_path_prefix ?? '',
      exportIntervalMs: Math.round(s3.export_interval_seconds * 1000),
      spoolFolder: spoolFolder(audit),
    }
  )
}

/** Where the audit file is there is room for the audit log. */
export function spoolFolder(audit: Audit): string {
  const { file, s3_export: s3 } = audit
  const isFileUsed = file !== undefined && outputsOf(audit).includes('file')
  return s3?.spool_dir ?? join(isFileUsed ? dirname(file.path) : defaultFolder, 'audit-spool')
}
