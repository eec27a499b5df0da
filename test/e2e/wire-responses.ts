/** Reads the responses of one connection off its bytes, strictly: what does not add up is a failure. */
import assert from 'node:assert/strict'

export interface WireResponse {
  readonly status: number
  /** Lower-case names; of several lines the last. */
  readonly headers: ReadonlyMap<string, string>
  readonly body: Buffer
  /** False: the connection ended within it. */
  readonly isWhole: boolean
}

/** `requests`: in their order, to know which responses have no body. The last response may be cut short by the connection's end. */
export function readResponses(bytes: Buffer, requests: readonly { readonly method: string }[]): WireResponse[] {
  const responses: WireResponse[] = []
  for (let at = 0; at < bytes.length; ) {
    const end = bytes.indexOf('\r\n\r\n', at)
    if (end === -1) break
    const { status, headers } = readHead(bytes.toString('latin1', at, end))
    at = end + 4
    const isBodiless = requests[responses.length]?.method === 'HEAD' || status === 304 || status === 204
    const { body, length } = isBodiless ? { body: Buffer.alloc(0), length: 0 } : readBody(bytes.subarray(at), headers)
    at += length
    responses.push({ status, headers, body, isWhole: at <= bytes.length })
  }
  return responses
}

function readHead(text: string): Pick<WireResponse, 'status' | 'headers'> {
  const [first = '', ...lines] = text.split('\r\n')
  const status = /^HTTP\/1\.1 (\d{3}) /.exec(first)?.[1]
  assert.ok(status !== undefined, `not a status line: ${JSON.stringify(first.slice(0, 100))}`)
  const fields = lines.map((line): [string, string] => {
    const [, name, value] = /^([^\s:]+): ?(.*)$/.exec(line) ?? []
    assert.ok(name !== undefined && value !== undefined, `not a field: ${JSON.stringify(line)}`)
    return [name.toLowerCase(), value]
  })
  return { status: Number(status), headers: new Map(fields) }
}

function readBody(rest: Buffer, headers: WireResponse['headers']): { body: Buffer; length: number } {
  if (headers.get('transfer-encoding') === 'chunked') return readChunks(rest)
  const declared = headers.get('content-length')
  const length = declared === undefined ? rest.length : Number(declared)
  return { body: rest.subarray(0, length), length }
}

function readChunks(rest: Buffer): { body: Buffer; length: number } {
  const chunks: Buffer[] = []
  let at = 0
  for (;;) {
    const lineEnd = rest.indexOf('\r\n', at)
    assert.notEqual(lineEnd, -1, 'a chunked body without an end')
    const size = Number.parseInt(rest.toString('latin1', at, lineEnd), 16)
    at = lineEnd + 2
    chunks.push(rest.subarray(at, at + size))
    at += size + 2
    if (size === 0) return { body: Buffer.concat(chunks), length: at }
  }
}
