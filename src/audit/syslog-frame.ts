/** Audit lines as syslog messages (RFC 5424), and as frames of a byte stream (RFC 6587 §3.4.1). */

import type { AuditLine } from './audit-sink.ts'
import type { SyslogFacility } from './syslog-sink.ts'

/** RFC 5424 §6.2.1, in the order of their numbers. 12 to 15 have no common names. */
const facilities: readonly (SyslogFacility | undefined)[] = [
  ...(['kern', 'user', 'mail', 'daemon', 'auth', 'syslog', 'lpr', 'news', 'uucp', 'cron', 'authpriv', 'ftp'] as const),
  ...[undefined, undefined, undefined, undefined],
  ...(['local0', 'local1', 'local2', 'local3', 'local4', 'local5', 'local6', 'local7'] as const),
]
const severities = { error: 3, warning: 4, info: 6 } as const

export interface SyslogSource {
  readonly facility: SyslogFacility
  readonly hostname: string
  readonly pid: number
}

/** What turns lines into messages: the header without its time is the same for all lines of one severity. */
export function createFormat({ facility, hostname, pid }: SyslogSource): (line: AuditLine) => Buffer {
  const first = facilities.indexOf(facility) * 8
  const from = `${nameField(hostname)} yatagarasu ${pid} AUDIT -`
  // Without the byte order mark that RFC 5424 §6.4 asks of MSG-UTF8: this is MSG-ANY to it, for RFC 8259 §8.1 says of
  // JSON: "Implementations MUST NOT add a byte order mark to the beginning of a networked-transmitted JSON text".
  return ({ at, severity, text }) =>
    Buffer.from(`<${first + severities[severity]}>1 ${new Date(at).toISOString()} ${from} ${text}`)
}

/** "Octet counting": a message may hold any byte, and a receiver knows a torn one. */
export function octetFrames(messages: readonly Buffer[]): Buffer {
  return Buffer.concat(messages.flatMap((message) => [Buffer.from(`${message.byteLength} `), message]))
}

/** RFC 5424 §6: HOSTNAME is 1 to 255 printable ASCII characters, or `-` where it is not known. */
function nameField(hostname: string): string {
  return hostname.replaceAll(/[^\x21-\x7e]/g, '').slice(0, 255) || '-'
}
