import { ProxyError } from '../base/errors.ts'

/** What of a request's query belongs to the object: nothing, everything, or the named fields. */
export type QueryRule = { readonly keep: 'none' | 'all' } | { readonly keep: 'only'; readonly names: readonly string[] }

/** S3 reads these as other operations than reading the object, or as a signature. They never reach it. Lower case. */
const s3Words = new Set(
  (
    'acl attributes delete legal-hold list-type location partnumber policy prefix retention select tagging torrent ' +
    'uploadid uploads versioning versions delimiter marker encoding-type restore awsaccesskeyid signature expires'
  ).split(' '),
)

/**
 * The kept part of a raw query in canonical form: sorted by name, RFC 3986 percent-encoding, so that spellings of one
 * query are one cache key. `versionId` passes only when named, and so do `response-*`, which rewrite the fields of the
 * answer, where not everybody may ask for them. `tokenNames`: of a protected bucket, the fields that hold its tokens.
 */
export function keptQuery(raw: string, rule: QueryRule, tokenNames?: readonly string[]): string {
  if (raw === '' || rule.keep === 'none') return ''
  const kept: [name: string, value: string][] = []
  for (const field of raw.split('&')) {
    if (field === '') continue
    const equals = field.indexOf('=')
    const name = decodeField(equals === -1 ? field : field.slice(0, equals))
    if (!isKept(name, rule, tokenNames)) continue
    kept.push([name, equals === -1 ? '' : decodeField(field.slice(equals + 1))])
  }
  kept.sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0))
  return kept.map(([name, value]) => `${encodeField(name)}=${encodeField(value)}`).join('&')
}

function isKept(name: string, rule: QueryRule, tokenNames: readonly string[] | undefined): boolean {
  const lower = name.toLowerCase()
  if (s3Words.has(lower) || lower.startsWith('x-amz-') || tokenNames?.includes(name) === true) return false
  if (rule.keep === 'only') return rule.names.includes(name) && (tokenNames !== undefined || !isRewrite(lower))
  return lower !== 'versionid' && !isRewrite(lower)
}

function isRewrite(lower: string): boolean {
  return lower.startsWith('response-')
}

function decodeField(text: string): string {
  let value: string
  try {
    value = decodeURIComponent(text.replaceAll('+', ' '))
  } catch (cause) {
    throw new ProxyError('InvalidRequest', 'broken percent-encoding in the query', { cause })
  }
  if (/[\r\n\0]/.test(value)) throw new ProxyError('InvalidRequest', 'line break in a query value')
  return value
}

const encodeField = (text: string) =>
  encodeURIComponent(text).replace(/[!'()*]/g, (char) => `%${char.charCodeAt(0).toString(16).toUpperCase()}`)
