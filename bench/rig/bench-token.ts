/** One token for a whole run, and the key that verifies it: RS256, as identity providers sign. */
import { generateKeyPairSync, sign } from 'node:crypto'

const { publicKey, privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 })

export const publicKeyPem = publicKey.export({ type: 'spki', format: 'pem' }).toString()

const part = (value: object): string => Buffer.from(JSON.stringify(value)).toString('base64url')
const runs = Math.floor(Date.now() / 1000) + 24 * 3600
const claims = {
  iss: 'https://issuer.example',
  aud: 'bench',
  sub: 'somebody',
  scope: 'read',
  role: 'reader',
  exp: runs,
}
const signed = `${part({ alg: 'RS256', typ: 'JWT' })}.${part(claims)}`

export const benchToken = `${signed}.${sign('sha256', Buffer.from(signed), privateKey).toString('base64url')}`
