// biome-ignore-all lint/suspicious/noTemplateCurlyInString: `${…}` is what config files hold
/** Who is told what happens: the audit log and where it goes, and webhooks. */

import { headerName, keyPrefix, s3Bucket, syslogHost, webhookUrl } from './formats.ts'
import { choice, flag, list, number, optionalList, optionalSection, section, size, text } from './setting.ts'
import { s3Access } from './settings-s3.ts'

const file = optionalSection('The output `file`.', {
  path: text({
    required: true,
    aliases: ['audit_log.file.file_path'],
    example: '/var/log/yatagarasu/audit.log',
    help: 'Where it is written. Its folder is made when missing.',
  }),
  max_file_size_mb: size({
    unit: 'megabytes',
    default: 50,
    min: 1 / 1024,
    max: 1_048_576,
    help: 'The size at which it is moved aside and begun anew.',
  }),
  max_backup_files: number({
    whole: true,
    default: 5,
    min: 0,
    max: 100_000,
    help: 'How many of those moved aside are kept; the oldest goes first.',
  }),
  rotation_policy: choice({
    values: ['size', 'daily'],
    default: 'size',
    help: 'When it is moved aside: at that size alone, or at midnight (UTC) too.',
  }),
  buffer_size: size({
    unit: 'bytes',
    default: 65_536,
    min: 0,
    max: 67_108_864,
    help: 'How much is gathered before it is written, for a second at most.',
  }),
})

const syslog = optionalSection('The output `syslog` (RFC 5424), with the entry as JSON for a message.', {
  address: text({
    required: true,
    format: syslogHost,
    aliases: ['audit_log.syslog.syslog_address'],
    example: 'logs.example.com:514',
    help: 'The server, as `host:port`. Without a port: 514, or 6514 with TLS.',
  }),
  protocol: choice({
    values: ['udp', 'tcp', 'tls'],
    default: 'udp',
    aliases: ['audit_log.syslog.syslog_protocol'],
    help: 'What carries it. Over `udp` entries can get lost unnoticed.',
  }),
  facility: choice({
    values: [
      ...(['kern', 'user', 'mail', 'daemon', 'auth', 'syslog', 'lpr', 'news', 'uucp', 'cron'] as const),
      ...(['authpriv', 'ftp', 'local0', 'local1', 'local2', 'local3', 'local4', 'local5', 'local6', 'local7'] as const),
    ],
    default: 'local0',
    aliases: ['audit_log.syslog.syslog_facility'],
    help: 'What the server sorts entries by.',
  }),
})

const s3Export = optionalSection('The output `s3`: entries in batches, each an object of its own.', {
  s3_bucket: text({ required: true, format: s3Bucket, example: 'my-audit', help: 'The name of the S3 bucket.' }),
  ...s3Access,
  s3_path_prefix: text({
    format: keyPrefix,
    absent: 'none',
    example: 'logs/',
    help: 'What the keys of the objects begin with.',
  }),
  export_interval_seconds: number({
    unit: 'seconds',
    default: 300,
    min: 1,
    max: 86_400,
    help: 'How often a batch is uploaded.',
  }),
  spool_dir: text({
    absent: '`audit-spool` beside the audit file, or in `/var/lib/yatagarasu` without one',
    example: '/var/lib/yatagarasu/audit-spool',
    help: 'The folder that keeps batches until they are uploaded.',
  }),
})

export const auditLog = section(
  'The audit log: one JSON object for each request on a bucket and each act of an administrator.',
  {
    enabled: flag({ default: false, help: 'Whether there is one.' }),
    outputs: optionalList(choice({ values: ['file', 'syslog', 's3'], help: 'The name of an output.' }), {
      mayBeEmpty: true,
      absent: 'those whose sections are there',
      example: '[file]',
      help: 'Where it goes. Each one listed has its section: `file`, `syslog`, `s3_export`.',
    }),
    log_level: choice({
      values: ['info', 'warn', 'error'],
      default: 'info',
      help: '`info`: every entry. `warn`: statuses from 400 on, and whatever administrators do. `error`: from 500 on.',
    }),
    file,
    syslog,
    s3_export: s3Export,
    chain: flag({
      default: false,
      help: 'Whether each entry holds the digest of the one before, so that none can go missing unseen.',
    }),
    redact_headers: list(text({ format: headerName, help: 'The name of a header field.' }), {
      mayBeEmpty: true,
      example: '[Referer]',
      help: 'Fields whose values are not told, besides those that carry tokens.',
    }),
    anonymize_ip: flag({ default: false, help: 'Whether the last part of client addresses is left out.' }),
    max_age_days: number({
      min: 1,
      max: 36_500,
      absent: 'any age',
      example: '90',
      help: 'How old files that were moved aside may become.',
    }),
  },
)

const webhook = section('One receiver.', {
  url: text({
    required: true,
    format: webhookUrl,
    secret: 'beyond-host',
    example: 'https://hooks.example.com/yatagarasu',
    help: 'Where events are posted to.',
  }),
  secret: text({
    required: true,
    secret: 'all',
    example: '${WEBHOOK_SECRET}',
    help: 'What each message is signed with (HMAC-SHA256).',
  }),
  events: list(
    choice({ values: ['purge', 'reload', 'breaker', 'origin_health', 'auth_denied'], help: 'The name of an event.' }),
    { required: true, mayBeEmpty: false, example: '[purge, reload]', help: 'What it is told of.' },
  ),
})

export const webhooks = list(webhook, { mayBeEmpty: true, help: 'Who is sent a message when something happens.' })
