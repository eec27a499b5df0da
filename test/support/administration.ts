/** What tests say to the admin API of the product. */

import type { JWTPayload } from 'jose'
import type { Answer, ProxyUnderTest } from './start-proxy.ts'
import { bearer } from './tokens.ts'

export const adminSecret = 'the administrators have a secret of their own'

/** Settings for `top` of a proxy that whoever says `role: admin` administers. */
export const administered = {
  admin: {
    jwt: { algorithm: 'HS256', secret: adminSecret },
    claims: [{ claim: 'role', operator: 'equals', value: 'admin' }],
  },
}

export interface AdminAnswer extends Answer {
  // biome-ignore lint/suspicious/noExplicitAny: an answer as its test expects it
  readonly json: any
}

export type AdminCall = (method: 'GET' | 'POST' | 'DELETE', path: string, body?: unknown) => Promise<AdminAnswer>

/** As an administrator whose token names them `root`. `path`: below `/admin`. `claims`: others of the token. */
export async function adminOf(proxy: Pick<ProxyUnderTest, 'get'>, claims: JWTPayload = {}): Promise<AdminCall> {
  const { headers } = await bearer({ sub: 'root', role: 'admin', ...claims }, adminSecret)
  return async (method, path, body) => {
    const text = body === undefined ? undefined : typeof body === 'string' ? body : JSON.stringify(body)
    const answer = await proxy.get(`/admin${path}`, { method, headers, ...(text !== undefined && { body: text }) })
    return { ...answer, json: answer.text === '' ? undefined : JSON.parse(answer.text) }
  }
}
