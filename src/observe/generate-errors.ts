/** docs/errors.md from the table of errors. */

import { type ErrorSource, errorTable } from '../base/errors.ts'

const introduction = `# Errors

Generated from the table in \`src/base/errors.ts\` by \`npm run docs\`; do not edit.

A request that fails is answered with one of these codes. The body is JSON:

\`\`\`json
{"error":{"code":"NoSuchKey","message":"The specified key does not exist.","status":404,"correlation_id":"…"}}
\`\`\`

or, when the request's \`Accept\` prefers XML to JSON, the same as S3 says it:

\`\`\`xml
<Error><Code>NoSuchKey</Code><Message>The specified key does not exist.</Message><RequestId>…</RequestId></Error>
\`\`\`

\`correlation_id\` and \`RequestId\` repeat the response's \`X-Correlation-ID\` and find its log line (a request refused before it had
a meaning has none). Neither form carries more than the table shows: what exactly was attempted, and what the origin said, is
in the log. Only a call of \`/admin\` may be told more, in \`detail\` (\`Detail\`): what in its query or body is wrong. Every error
says \`Cache-Control: no-store\`; a 405 also \`Allow\`, a 416 also \`Content-Range\`, a 503 also \`Retry-After\` (what the origin
asked for, or a second).

A code marked *retried* is one that asking the origin again may mend: it was asked up to \`s3.retry.max_attempts\` times before
the client saw the error. With \`stale-if-error\`, a stored answer may take the place of an origin's 5xx.

Once a response has begun, there is no error to send: the connection is cut, so that nobody takes the part for the whole.
`

const sections: readonly (readonly [ErrorSource, string])[] = [
  ['client', 'What the request got wrong.'],
  ['origin', 'What the origin said, or failed to say.'],
  ['proxy', 'What this proxy decided, or got wrong.'],
]

const ending = `
## Not in the table

Answers of the origin that are no S3 error document, such as the 403 of a gateway in front of it, reach the client as they
are, status and body. The status 499 appears in logs and metrics only: the client left before it had an answer.
`

export function errorsPage(): string {
  return `${introduction}${sections.map(([source, text]) => sectionOf(source, text)).join('')}${ending}`
}

function sectionOf(source: ErrorSource, text: string): string {
  const rows = Object.entries(errorTable)
    .filter(([, row]) => row.source === source)
    .map(([code, row]) => `| \`${code}\` | ${row.status} | ${row.text}${row.retryable ? ' *Retried.*' : ''} |\n`)
  const heading = `${source[0]?.toUpperCase()}${source.slice(1)}`
  return `\n## ${heading}\n\n${text}\n\n| code | status | message |\n| --- | --- | --- |\n${rows.join('')}`
}
