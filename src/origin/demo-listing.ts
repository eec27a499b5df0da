/** ListObjectsV2 of the demo origin: prefix, max-keys and continuation; no delimiter. */

export interface ListedObject {
  readonly key: string
  readonly etag: string
  readonly lastModified: Date
  readonly size: number
}

/** What one answer lists at most, as on S3. */
const mostKeys = 1000

export function listObjects(bucket: string, all: Iterable<ListedObject>, query: URLSearchParams): string {
  const prefix = query.get('prefix') ?? ''
  const limit = Math.min(mostKeys, Number(query.get('max-keys') ?? mostKeys) || 0)
  // A token is the last key of the answer before.
  const after = Buffer.from(query.get('continuation-token') ?? '', 'base64url').toString()
  const start = after === '' ? (query.get('start-after') ?? '') : after

  const left = [...all].filter(({ key }) => key.startsWith(prefix) && isAfter(key, start)).sort(byKey)
  const listed = left.slice(0, limit)
  const last = listed.at(-1)
  const isTruncated = last !== undefined && listed.length < left.length
  const token = isTruncated ? element('NextContinuationToken', Buffer.from(last.key).toString('base64url')) : ''
  return `<?xml version="1.0" encoding="UTF-8"?>
<ListBucketResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/">${element('Name', bucket)}${element('Prefix', prefix)}${element('KeyCount', listed.length)}${element('MaxKeys', limit)}${element('IsTruncated', isTruncated)}${token}${listed.map(contents).join('')}</ListBucketResult>`
}

export function element(name: string, value: string | number | boolean): string {
  return `<${name}>${escapeXml(String(value))}</${name}>`
}

function contents({ key, etag, lastModified, size }: ListedObject): string {
  const changed = element('LastModified', lastModified.toISOString())
  return `<Contents>${element('Key', key)}${changed}${element('ETag', etag)}${element('Size', size)}${element('StorageClass', 'STANDARD')}</Contents>`
}

/** S3 sorts keys by their UTF-8 bytes. */
function byKey(one: ListedObject, other: ListedObject): number {
  return Buffer.compare(Buffer.from(one.key), Buffer.from(other.key))
}

function isAfter(key: string, start: string): boolean {
  return start === '' || Buffer.compare(Buffer.from(key), Buffer.from(start)) > 0
}

function escapeXml(text: string): string {
  return text.replace(/[<>&"\r]/g, (character) => `&#${character.charCodeAt(0)};`)
}
