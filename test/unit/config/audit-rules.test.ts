// biome-ignore-all lint/suspicious/noTemplateCurlyInString: `${…}` is what config files hold
import assert from 'node:assert/strict'
import test from 'node:test'
import { configOf, oneBucket, problemsOf, warningsOf } from './parse-yaml.ts'

const audit = (settings: string) => `audit_log: { ${settings} }\n${oneBucket}`
const on = (settings: string) => audit(`enabled: true, ${settings}`)
const auditOf = (settings: string) => configOf(on(settings)).audit
const s3 = 's3_export: { s3_bucket: logs, region: eu-central-1 }'

test('what the audit log does not say has its default', () => {
  assert.deepEqual(auditOf('file: { path: /var/log/a.log }'), {
    level: 'info',
    chain: false,
    redactHeaders: [],
    anonymizeIp: false,
    file: {
      path: '/var/log/a.log',
      maxFileBytes: 50 * 1024 * 1024,
      maxBackupFiles: 5,
      rotation: 'size',
      bufferBytes: 65_536,
      maxAgeMs: undefined,
    },
    syslog: undefined,
    s3: undefined,
  })
  assert.deepEqual(auditOf('syslog: { address: logs.example }')?.syslog, {
    host: 'logs.example',
    port: 514,
    protocol: 'udp',
    facility: 'local0',
  })
  assert.deepEqual(auditOf(s3)?.s3, {
    bucket: 'logs',
    region: 'eu-central-1',
    endpoint: undefined,
    forcePathStyle: false,
    credentials: { kind: 'default-chain' },
    keyPrefix: '',
    exportIntervalMs: 300_000,
    spoolFolder: '/var/lib/yatagarasu/audit-spool',
  })
  assert.equal(configOf(audit('file: { path: a.log }')).audit, undefined)
})

test('every setting of the audit log arrives', () => {
  const built = auditOf(`outputs: [s3, syslog, file], log_level: warn, chain: true, redact_headers: [X-Api-Key],
    anonymize_ip: true, max_age_days: 1.5,
    file: { path: a.log, max_file_size_mb: "64KB", max_backup_files: 0, rotation_policy: daily, buffer_size: 4KB },
    syslog: { address: "[::1]:5514", protocol: tls, facility: authpriv },
    s3_export: { s3_bucket: B_1, region: r, endpoint: "http://S3.local:9000/", access_key: AK, secret_key: SK,
      session_token: T, s3_path_prefix: a/, export_interval_seconds: 1.5, spool_dir: /spool }`)
  assert.deepEqual(built, {
    level: 'warn',
    chain: true,
    redactHeaders: ['x-api-key'],
    anonymizeIp: true,
    file: {
      path: 'a.log',
      maxFileBytes: 65_536,
      maxBackupFiles: 0,
      rotation: 'daily',
      bufferBytes: 4096,
      maxAgeMs: 129_600_000,
    },
    syslog: { host: '::1', port: 5514, protocol: 'tls', facility: 'authpriv' },
    s3: {
      bucket: 'B_1',
      region: 'r',
      endpoint: 'http://s3.local:9000',
      forcePathStyle: true,
      credentials: { kind: 'static', accessKeyId: 'AK', secretAccessKey: 'SK', sessionToken: 'T' },
      keyPrefix: 'a/',
      exportIntervalMs: 1500,
      spoolFolder: '/spool',
    },
  })
})

test('the older places of the file and of syslog are read', () => {
  const built = auditOf(
    'file: { file_path: a.log }, syslog: { syslog_address: "h:1", syslog_protocol: tcp, syslog_facility: kern }',
  )
  assert.equal(built?.file?.path, 'a.log')
  assert.deepEqual(built?.syslog, { host: 'h', port: 1, protocol: 'tcp', facility: 'kern' })
})

test('syslog has the port of its protocol, where none is said', () => {
  const ports = ['udp', 'tcp', 'tls'].map((name) => auditOf(`syslog: { address: h, protocol: ${name} }`)?.syslog?.port)
  assert.deepEqual(ports, [514, 514, 6514])
})

test('an output is used when it is listed, or there without a list', () => {
  const used = (settings: string) => {
    const { file, syslog, s3: exported } = auditOf(settings) ?? {}
    return [file, syslog, exported].map((one) => one !== undefined)
  }
  const all = `file: { path: a/b.log }, syslog: { address: h }, ${s3}`
  assert.deepEqual(used(all), [true, true, true])
  assert.deepEqual(used(`outputs: [syslog], ${all}`), [false, true, false])
  assert.deepEqual(warningsOf(on(`outputs: [syslog], ${all}`)), [
    'audit_log.file (line 1): has no effect without file in outputs',
    'audit_log.s3_export (line 1): has no effect without s3 in outputs',
  ])
})

test('what waits for its upload lies beside the audit file', () => {
  assert.equal(auditOf(`file: { path: /logs/b.log }, ${s3}`)?.s3?.spoolFolder, '/logs/audit-spool')
  assert.equal(auditOf(`file: { path: b.log }, ${s3}`)?.s3?.spoolFolder, 'audit-spool')
  const unused = auditOf(`outputs: [s3], file: { path: /logs/b.log }, ${s3}`)
  assert.equal(unused?.s3?.spoolFolder, '/var/lib/yatagarasu/audit-spool')
})

const refused: readonly (readonly [settings: string, ...problems: string[]])[] = [
  ['', 'audit_log.outputs (line 1): must name an output while the audit log is on: file, syslog, s3'],
  ['outputs: []', 'audit_log.outputs (line 1): must name an output while the audit log is on: file, syslog, s3'],
  ['outputs: [file]', 'audit_log.outputs[0] (line 1): names file, which needs audit_log.file'],
  ['outputs: [s3]', 'audit_log.outputs[0] (line 1): names s3, which needs audit_log.s3_export'],
  ['outputs: [fil]', 'audit_log.outputs[0] (line 1): must be one of file, syslog, s3, did you mean "file"?'],
  [`outputs: [s3, s3], ${s3}`, 'audit_log.outputs[1] (line 1): repeats an earlier item'],
  ['file: {}', 'audit_log.file.path (line 1): is required'],
  ['file: ', 'audit_log.file.path (line 1): is required'],
  ['file: { path: "${EMPTY:-}" }', 'audit_log.file.path (line 1): is required'],
  ['file: { path: /var/log/ }', 'audit_log.file.path (line 1): must be the name of a file, not of a folder'],
  [
    'file: { path: a, rotation_policy: dayly }',
    'audit_log.file.rotation_policy (line 1): must be one of size, daily, did you mean "daily"?',
  ],
  [
    'file: { path: a, file_path: b }',
    'audit_log.file.file_path (line 1): is given twice: here and as audit_log.file.path (line 1)',
  ],
  ['syslog: { protocol: tcp }', 'audit_log.syslog.address (line 1): is required'],
  [
    'syslog: { address: "a b" }',
    'audit_log.syslog.address (line 1): must be a host, or host:port, such as logs.example.com:514',
  ],
  ['syslog: { address: "h:0" }', 'audit_log.syslog.address (line 1): must not have port 0, where nobody listens'],
  [
    's3_export: { access_key: a }',
    'audit_log.s3_export.s3_bucket (line 1): is required',
    'audit_log.s3_export.region (line 1): is required',
    'audit_log.s3_export.access_key (line 1): needs secret_key beside it',
  ],
  [
    's3_export: { s3_bucket: B_1, region: r }',
    'audit_log.s3_export.s3_bucket (line 1): cannot be part of a host name; set force_path_style: true',
  ],
]

for (const [settings, ...problems] of refused) {
  test(`an audit log that says { ${settings} } is refused`, () => {
    assert.deepEqual(problemsOf(on(settings)), problems)
  })
}

test('an audit log that is switched off may say anything, and one that nobody switched on is told of', () => {
  const settings = 'outputs: [s3], file: { path: "${GONE}" }, s3_export: { access_key: "${GONE}" }'
  assert.deepEqual(problemsOf(audit(`enabled: false, ${settings}`)), [])
  assert.deepEqual(warningsOf(audit(settings)), ['audit_log (line 1): has no effect without enabled: true'])
  assert.deepEqual(warningsOf(audit('enabled: false')), [])
})

test('an age without a file to have it is warned about', () => {
  assert.deepEqual(warningsOf(on('max_age_days: 3, syslog: { address: h }')), [
    'audit_log.max_age_days (line 1): has no effect without the output file',
  ])
})
