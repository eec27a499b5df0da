/** An S3 stand-in whose objects change: each has a size for good and a version that counts up, told by its ETag. */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { type BenchObject, fillContent, matchesContent, parseObjectName } from '../../bench/rig/object-content.ts'

export interface ChangingObject {
  readonly key: string
  readonly number: number
  readonly size: number
  /** Of what the origin has now. */
  version: number
}

/** A body leaves in pieces, so that it is on its way for a while. */
const pieceBytes = 128 * 1024
const mostVersions = 1_000_000

export class ChangingOrigin {
  readonly objects: readonly ChangingObject[]
  readonly #byKey: ReadonlyMap<string, ChangingObject>
  readonly #random: () => number
  readonly #server = createServer((request, response) => {
    this.#answer(request, response).catch(() => response.destroy()) // the proxy has left
  })

  private constructor(sizes: readonly number[], random: () => number) {
    this.objects = sizes.map((size, number) => ({ key: `folder-${number % 8}/${number}`, number, size, version: 1 }))
    this.#byKey = new Map(this.objects.map((object) => [object.key, object]))
    this.#random = random
  }

  static async open(sizes: readonly number[], random: () => number): Promise<ChangingOrigin> {
    const origin = new ChangingOrigin(sizes, random)
    await new Promise<void>((resolve) => origin.#server.listen(0, '127.0.0.1', resolve))
    return origin
  }

  get endpoint(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.closeAllConnections()
    await new Promise((resolve) => this.#server.close(resolve))
  }

  async #answer({ url = '/', method, headers }: IncomingMessage, response: ServerResponse): Promise<void> {
    const path = decodeURIComponent(url.split('?', 1)[0] ?? '/')
    const object = this.#byKey.get(path.slice('/bucket/'.length))
    await sleep(this.#random() * 20)
    if (object === undefined) return void response.writeHead(404, { 'content-length': 0 }).end()
    // What is sent is one version to its end, whatever it is by then.
    const { size, number, version } = object
    const etag = etagOf(number, version)
    if (headers['if-match'] !== undefined && headers['if-match'] !== etag)
      return void response.writeHead(412, { 'content-length': 0 }).end()
    const common = { etag, 'cache-control': number % 3 === 0 ? 'max-age=1' : 'max-age=3600', 'accept-ranges': 'bytes' }
    if (headers['if-none-match'] === etag) return void response.writeHead(304, common).end()
    const [, first, last] = /^bytes=(\d+)-(\d*)$/.exec(headers.range ?? '') ?? []
    const start = Number(first ?? 0)
    const end = last ? Math.min(Number(last) + 1, size) : size
    const range = first === undefined ? {} : { 'content-range': `bytes ${start}-${end - 1}/${size}` }
    response.writeHead(first === undefined ? 200 : 206, { ...common, ...range, 'content-length': end - start })
    if (method === 'HEAD') response.end()
    else await this.#send(response, contentOf(object, version), start, end)
  }

  async #send(response: ServerResponse, content: BenchObject, start: number, end: number): Promise<void> {
    for (let at = start; at < end && !response.destroyed; at += pieceBytes) {
      const piece = Buffer.allocUnsafe(Math.min(pieceBytes, end - at))
      fillContent(content, at, piece)
      response.write(piece)
      if (this.#random() < 0.1) await sleep(this.#random() * 30)
    }
    response.end()
  }
}

const etagOf = (number: number, version: number) => `"${number}.${version}"`

/** Undefined: it is no version of this object. */
export function versionOf({ number }: ChangingObject, etag: string | undefined): number | undefined {
  const [, of, version] = /^"(\d+)\.(\d+)"$/.exec(etag ?? '') ?? []
  return Number(of) === number ? Number(version) : undefined
}

/** `start`: where in the object `bytes` begin. */
export function isContentOf(object: ChangingObject, version: number, start: number, bytes: Buffer): boolean {
  return matchesContent(contentOf(object, version), start, bytes)
}

function contentOf({ number, size }: ChangingObject, version: number): BenchObject {
  const content = parseObjectName(`x-${size}-${number * mostVersions + version}`)
  if (content === undefined) throw new Error(`object ${number} has no version ${version}`)
  return content
}
