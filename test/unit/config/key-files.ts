/** Files of keys for configs that name them, made anew for each test file. */

import { generateKeyPairSync, type KeyObject } from 'node:crypto'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

export interface KeyFiles {
  /** A path that holds nothing. */
  readonly gone: string
  /** Writes a file and gives its path. */
  write(name: string, text: string): string
  /** Public keys in PEM form. */
  readonly rsa: string
  readonly smallRsa: string
  readonly p256: string
  readonly p384: string
  readonly ed25519: string
  /** The other half of `p256`. */
  readonly privateKey: string
}

export function makeKeyFiles(t: { after(clean: () => void): void }): KeyFiles {
  const folder = mkdtempSync(join(tmpdir(), 'yatagarasu-keys-'))
  t.after(() => rmSync(folder, { recursive: true, force: true }))
  const write = (name: string, text: string) => {
    const path = join(folder, name)
    writeFileSync(path, text)
    return path
  }
  const pem = (name: string, { publicKey }: { readonly publicKey: KeyObject }) =>
    write(`${name}.pem`, publicKey.export({ type: 'spki', format: 'pem' }).toString())
  const p256 = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  return {
    gone: join(folder, 'gone.pem'),
    write,
    rsa: pem('rsa', generateKeyPairSync('rsa', { modulusLength: 2048 })),
    smallRsa: pem('small-rsa', generateKeyPairSync('rsa', { modulusLength: 1024 })),
    p256: pem('p256', p256),
    p384: pem('p384', generateKeyPairSync('ec', { namedCurve: 'P-384' })),
    ed25519: pem('ed25519', generateKeyPairSync('ed25519')),
    privateKey: write('private.pem', p256.privateKey.export({ type: 'pkcs8', format: 'pem' }).toString()),
  }
}
