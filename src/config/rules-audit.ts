/** Rules between the settings of the audit log: what is to be kept is kept somewhere, and nobody believes in an output that is none. */

import { parseHostPort } from './formats.ts'
import type { Report } from './problem.ts'
import { checkBucketInHost, checkCredentials } from './rules-s3.ts'
import type { Settings } from './schema.ts'

type Audit = Settings['audit_log']
type Output = NonNullable<Audit['outputs']>[number]

const sections = { file: 'file', syslog: 'syslog', s3: 's3_export' } as const satisfies Record<Output, keyof Audit>
const names = ['file', 'syslog', 's3'] as const

/** Where no list says otherwise, an output is on by being there. */
export function outputsOf(audit: Audit): readonly Output[] {
  return audit.outputs ?? names.filter((name) => audit[sections[name]] !== undefined)
}

export function checkAudit({ audit_log: audit }: Settings, report: Report): void {
  // `enabled: false` says so; who leaves it out may well believe that there is a record.
  if (!report.isGiven('audit_log.enabled') && report.isGiven('audit_log'))
    report.warn('audit_log', 'has no effect without enabled: true')
  if (!audit.enabled) return
  checkOutputs(audit, report)
  const { file, syslog, s3_export: s3 } = audit
  if (file === undefined && audit.max_age_days !== undefined)
    report.warn('audit_log.max_age_days', 'has no effect without the output file')
  if (file !== undefined && /[\\/]$/.test(file.path))
    report.contradict(['audit_log.file.path'], 'must be the name of a file, not of a folder')
  if (syslog !== undefined && parseHostPort(syslog.address)?.port === 0)
    report.contradict(['audit_log.syslog.address'], 'must not have port 0, where nobody listens')
  if (s3 === undefined) return
  checkCredentials(s3, 'audit_log.s3_export', report)
  checkBucketInHost(s3.s3_bucket, s3, ['audit_log.s3_export.s3_bucket', 'audit_log.s3_export.endpoint'], report)
}

function checkOutputs(audit: Audit, report: Report): void {
  const outputs = outputsOf(audit)
  if (outputs.length === 0)
    report.contradict(['audit_log.outputs'], `must name an output while the audit log is on: ${names.join(', ')}`)
  outputs.forEach((name, index) => {
    const section = `audit_log.${sections[name]}`
    if (audit[sections[name]] === undefined)
      report.contradict([`audit_log.outputs[${index}]`, section], `names ${name}, which needs ${section}`)
  })
  for (const name of names) {
    const section = `audit_log.${sections[name]}`
    if (audit[sections[name]] !== undefined && !outputs.includes(name))
      report.warn(section, `has no effect without ${name} in outputs`)
  }
}
