/** Serves the bench's objects from files in a folder, each made when it is first asked for, by `createReadStream` and nothing else. */
import { createReadStream, existsSync, statSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { basename, join } from 'node:path'
import { fillContent, parseObjectName } from './object-content.ts'

const folder = process.argv[2]
if (folder === undefined) throw new Error('which folder?')

const server = createServer((request, response) => {
  const object = parseObjectName(basename(request.url ?? ''))
  if (object === undefined) {
    response.writeHead(404).end()
    return
  }
  const file = join(folder, object.name)
  if (!existsSync(file)) {
    const bytes = Buffer.alloc(object.size)
    fillContent(object, 0, bytes)
    writeFileSync(file, bytes)
  }
  response.writeHead(200, {
    'Content-Type': 'application/octet-stream',
    'Content-Length': statSync(file).size,
    ETag: object.etag,
  })
  createReadStream(file).pipe(response)
})

server.listen(0, '127.0.0.1', () => {
  const { port } = server.address() as AddressInfo
  process.stdout.write(`${JSON.stringify({ msg: 'listening', addresses: { main: `http://127.0.0.1:${port}` } })}\n`)
})
