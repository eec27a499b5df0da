import { mkdtempSync, rmSync } from 'node:fs'
import { readFile, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after } from 'node:test'
import { crc32 } from 'node:zlib'
import { fileFormat } from '../../src/cache/record-file.ts'
import { openTier, pathOf } from '../support/disk-folders.ts'
import { cacheTierContract } from './cache-tier.contract.ts'
import { durableTierContract } from './durable-tier.contract.ts'

const root = mkdtempSync(join(tmpdir(), 'yatagarasu-disk-'))
after(() => rmSync(root, { recursive: true }))
let folders = 0
const nextFolder = () => join(root, `${folders++}`)

/** The format is the header's second word; its sixth is the checksum over everything else. */
function foreign(stored: Uint8Array): Uint8Array {
  const later = Buffer.from(stored)
  later.writeUInt32LE(fileFormat + 1, 4)
  later.writeUInt32LE(crc32(later.subarray(24), crc32(later.subarray(0, 20))), 20)
  return later
}

cacheTierContract('disk', ({ maxBytes }) => openTier(nextFolder(), { maxBytes }), { boundsTierAlone: true })

durableTierContract('disk', async () => {
  const folder = nextFolder()
  return {
    open: () => openTier(folder),
    rewrite: async (id, change) => {
      const path = pathOf(folder, id)
      await writeFile(path, change(await readFile(path)))
    },
    foreign,
  }
})
