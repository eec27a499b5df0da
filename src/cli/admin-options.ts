/** Where the proxy is, and who asks: the options of every command that speaks the admin API. */

import { readFileSync } from 'node:fs'
import type { ParseArgsOptionsConfig } from 'node:util'
import type { Clock } from '../base/clock.ts'
import { AdminClient, reasonOf } from './admin-client.ts'
import { type Env, secondsOf, textOf, UsageError, type Values } from './command.ts'
import { readConfig } from './config-file.ts'

export const adminOptions = {
  url: { type: 'string' },
  config: { type: 'string' },
  token: { type: 'string' },
  'token-file': { type: 'string' },
  ca: { type: 'string' },
  timeout: { type: 'string' },
  json: { type: 'boolean' },
} as const satisfies ParseArgsOptionsConfig

export const adminOptionsHelp = `  --url URL           where the proxy is; else the address in the file of --config, else
                      YATAGARASU_URL, else http://127.0.0.1:8080
  --config FILE       the proxy's config file, for its address
  --token-file FILE   where the administrator's token is, - for standard input; else
                      YATAGARASU_TOKEN holds it
  --token TOKEN       the token itself, which others can then see in the list of processes
  --ca FILE           certificates to believe, besides those the system does
  --timeout SECONDS   how long to wait for an answer (60)
  --json              the answer as it came, for scripts`

const defaultUrl = 'http://127.0.0.1:8080'
const defaultTimeoutSeconds = 60

/** The client that the options ask for. Throws `UsageError` when it is not known where, or as whom. */
export async function adminClient(values: Values, env: Env, clock: Clock): Promise<AdminClient> {
  const ca = textOf(values, 'ca')
  const timeoutMs = (secondsOf(values, 'timeout') ?? defaultTimeoutSeconds) * 1000
  const url = await urlFrom(values, env)
  return new AdminClient(
    { url, token: tokenFrom(values, env), timeoutMs, ca: ca === undefined ? undefined : readText(ca) },
    clock,
  )
}

async function urlFrom(values: Values, env: Env): Promise<URL> {
  const said = textOf(values, 'url') ?? (await configuredUrl(textOf(values, 'config'), env))
  const text = said ?? (env['YATAGARASU_URL'] || defaultUrl)
  const url = URL.parse(text)
  const isPlain = url !== null && [url.username, url.password, url.search, url.hash].every((part) => part === '')
  if (url === null || !isPlain || !/^https?:$/.test(url.protocol)) {
    throw new UsageError('the URL of the proxy must be http or https, without a user, query or fragment')
  }
  return url
}

async function configuredUrl(file: string | undefined, env: Env): Promise<string | undefined> {
  if (file === undefined) return undefined
  const { admin, server } = await readConfig(file, env)
  if (admin === undefined) throw new UsageError(`${file} has no administration`)
  const { host, port } = admin.address ?? server
  const reachable = host === '0.0.0.0' ? '127.0.0.1' : host === '::' ? '::1' : host
  const bracketed = reachable.includes(':') ? `[${reachable}]` : reachable
  return `${server.tls === undefined ? 'http' : 'https'}://${bracketed}:${port}`
}

function tokenFrom(values: Values, env: Env): string {
  const file = textOf(values, 'token-file')
  const token = file === undefined ? (textOf(values, 'token') ?? env['YATAGARASU_TOKEN']) : readText(file)
  const text = token?.trim() ?? ''
  if (text === '') throw new UsageError('no token: YATAGARASU_TOKEN, --token-file or --token has to bring one')
  if (!/^[\x21-\x7e]+$/.test(text)) throw new UsageError('what was given as a token is none')
  return text
}

function readText(file: string): string {
  try {
    return readFileSync(file === '-' ? 0 : file, 'utf8')
  } catch (error) {
    throw new UsageError(`${file} cannot be read: ${reasonOf(error)}`) // translated
  }
}
