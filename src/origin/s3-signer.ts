/** AWS Signature Version 4 in header form, for requests without a body. */

import { createHmac, hash } from 'node:crypto'
import type { EpochMs, HeaderList } from '../base/types.ts'
import type { Credentials } from './credentials.ts'
import { encodePart } from './s3-address.ts'

export interface SignableRequest {
  readonly method: string
  /** As it goes on the wire. */
  readonly path: string
  /** As it goes on the wire: see `canonicalQuery`. */
  readonly query: string
  readonly host: string
  /** Fields sent with the request that the signature is to cover. */
  readonly headers: HeaderList
  readonly at: EpochMs
}

export interface Signer {
  /** The fields to add to the request. */
  sign(request: SignableRequest, credentials: Credentials): HeaderList
}

export const emptyBodyHash = hash('sha256', '')

const hmac = (key: string | Buffer, text: string) => createHmac('sha256', key).update(text).digest()

export function createSigner(region: string): Signer {
  let day: { readonly id: string; readonly key: Buffer } | undefined
  let stamp: Stamp | undefined

  /** Four HMACs that come out the same all day. */
  function dayKey(date: string, secret: string): Buffer {
    const id = `${date}/${secret}`
    if (day?.id !== id) {
      day = { id, key: hmac(hmac(hmac(hmac(`AWS4${secret}`, date), region), 's3'), 'aws4_request') }
    }
    return day.key
  }

  function stampFor(host: string, at: EpochMs, credentials: Credentials): Stamp {
    const second = Math.floor(at / 1000)
    if (stamp?.second === second && stamp.credentials === credentials && stamp.host === host) return stamp
    const time = new Date(at).toISOString().replace(/[-:]|\.\d+/g, '')
    const date = time.slice(0, 8)
    const scope = `${date}/${region}/s3/aws4_request`
    const fields = ['x-amz-content-sha256', emptyBodyHash, 'x-amz-date', time]
    if (credentials.sessionToken !== undefined) fields.push('x-amz-security-token', credentials.sessionToken)
    const key = dayKey(date, credentials.secretAccessKey)
    const alone = canonicalHeaders(['host', host, ...fields])
    stamp = { ...{ second, credentials, host, fields, alone, key }, text: `AWS4-HMAC-SHA256\n${time}\n${scope}`, scope }
    return stamp
  }

  return {
    sign({ method, path, query, host, headers, at }, credentials) {
      const { fields, alone, text, scope, key } = stampFor(host, at, credentials)
      const { lines, names } = headers.length === 0 ? alone : canonicalHeaders(['host', host, ...fields, ...headers])
      const canonical = `${method}\n${path}\n${query}\n${lines}\n${names}\n${emptyBodyHash}`
      // Field values hold one character per byte, so the bytes that are hashed are those sent.
      const digest = hash('sha256', Buffer.from(canonical, 'latin1'))
      const signature = createHmac('sha256', key).update(`${text}\n${digest}`).digest('hex')
      const credential = `${credentials.accessKeyId}/${scope}`
      const signed = `AWS4-HMAC-SHA256 Credential=${credential},SignedHeaders=${names},Signature=${signature}`
      return [...fields, 'authorization', signed]
    },
  }
}

/** What the requests of one second to one host have in common. */
interface Stamp {
  readonly second: number
  readonly credentials: Credentials
  readonly host: string
  readonly fields: HeaderList
  /** Of these fields, without any of a request's own. */
  readonly alone: CanonicalHeaders
  /** What is signed, up to the digest of the request. */
  readonly text: string
  readonly scope: string
  readonly key: Buffer
}

interface CanonicalHeaders {
  readonly lines: string
  readonly names: string
}

function canonicalHeaders(headers: HeaderList): CanonicalHeaders {
  const values = new Map<string, string>()
  for (let index = 0; index < headers.length; index += 2) {
    const name = headers[index]?.toLowerCase() ?? ''
    const value = headers[index + 1]?.trim().replace(/ +/g, ' ') ?? ''
    const earlier = values.get(name)
    values.set(name, earlier === undefined ? value : `${earlier},${value}`)
  }
  const names = [...values.keys()].sort()
  return { lines: names.map((name) => `${name}:${values.get(name)}\n`).join(''), names: names.join(';') }
}

/** A query as SigV4 wants it, which is also how it is sent: every name with a value, each encoded once, sorted by bytes. */
export function canonicalQuery(query: string): string {
  if (query === '') return ''
  const fields: [name: string, value: string][] = []
  for (const field of query.split('&')) {
    if (field === '') continue
    const equals = field.indexOf('=')
    const name = equals === -1 ? field : field.slice(0, equals)
    fields.push([recode(name), equals === -1 ? '' : recode(field.slice(equals + 1))])
  }
  fields.sort(([nameA, valueA], [nameB, valueB]) => compare(nameA, nameB) || compare(valueA, valueB))
  return fields.map(([name, value]) => `${name}=${value}`).join('&')
}

const recode = (text: string) => encodePart(decodeURIComponent(text))
const compare = (a: string, b: string) => (a < b ? -1 : a > b ? 1 : 0)
