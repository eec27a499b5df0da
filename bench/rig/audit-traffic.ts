/** Requests of every kind an audit tells of, sent at a steady rate; each is remembered, with what its entry has to say. */
import { setTimeout as sleep } from 'node:timers/promises'
import { SignJWT } from 'jose'
import { bodyBytes, objectEtag } from './audit-origin.ts'
import { HttpConnection } from './http-connection.ts'

export const secret = 'a secret of the bench, and of nothing else'

interface Kind {
  readonly method?: 'HEAD' | 'PUT'
  /** As it is sent. */
  readonly target: string
  /** The part of an entry that does not depend on how the request went. */
  readonly told: Readonly<Record<'bucket' | 'object_key' | 'request_path', string>> & { readonly user?: string }
  readonly headers?: Readonly<Record<string, string>>
  readonly status: number
  readonly bytes?: number
  readonly error?: string
  /** Where the answer does not say it in X-Cache. */
  readonly cache?: string
}

/** A request that was answered, or failed. Times: in epoch milliseconds. */
export interface Asked {
  readonly id: string
  readonly kind: Kind
  readonly dueAt: number
  sentAt: number
  answeredAt: number
  /** From when it was due until its last byte. */
  tookMs: number
  bytes: number
  /** From X-Cache. */
  cache: string | undefined
  problem: string | undefined
}

const agentHeaders = {
  'user-agent': 'Mozilla/5.0 (X11; Linux x86_64) "bench" \\ 1.0',
  referer: 'https://ann:pw@www.example.org/gallery?page=3&token=hidden',
}
const browserHeaders = {
  'user-agent': 'Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/130.0.0.0 Safari/537.36',
  referer: 'https://www.example.org/gallery/summer',
}
export const toldOfAgent = {
  user_agent: agentHeaders['user-agent'],
  referer: 'https://www.example.org/gallery?page=3&token=[REDACTED]',
}

export type Kinds = readonly ((turn: number) => Kind)[]

/** Each comes as often as it stands here. */
export async function everyKind(): Promise<Kinds> {
  const [reader, guest] = [await tokenOf('anna', 'reader'), await tokenOf('guest', 'nobody')]
  const ranged = { range: 'bytes=10-99' }
  const broken = { status: 502, error: 'OriginCredentials', cache: 'miss' }
  const hit = (turn: number) => plain('open', `ok/${turn % 50}`)
  const secretive = (turn: number): Kind => {
    const { target, told } = plain('open', `ok/${turn % 50}`)
    const query = (token: string) => `?width=80&token=${token}`
    return { target: target + query('abc'), told: { ...told, request_path: target + query('[REDACTED]') }, status: 200 }
  }
  return [
    ...[hit, hit, hit, hit, hit, hit, hit, secretive, secretive],
    (turn) => plain('open', `new/${turn}`),
    (turn) => ({ ...hit(turn), headers: ranged, status: 206, bytes: 90 }),
    (turn) => ({ ...hit(turn), headers: { 'if-none-match': objectEtag }, status: 304, bytes: 0 }),
    (turn) => ({ ...hit(turn), method: 'HEAD', bytes: 0 }),
    (turn) => ({ ...hit(turn), headers: { range: 'bytes=5000-' }, status: 416, error: 'InvalidRange', cache: 'hit' }),
    (turn) => ({ ...hit(turn), method: 'PUT', status: 405, error: 'MethodNotAllowed' }),
    (turn) => ({ ...hit(turn), headers: { 'cache-control': 'no-store' } }),
    () => plain('open', 'ok/sp%C3%A9cial%20%22q%22%5C', 'ok/spécial "q"\\'),
    (turn) => ({ ...plain('open', `absent/${turn % 20}`), status: 404, error: 'NoSuchKey', cache: 'any' }),
    () => ({ ...plain('open', 'denied/1'), status: 403, error: 'AccessDenied', cache: 'miss' }),
    () => ({ ...plain('open', 'broken/1'), ...broken }),
    (turn) => plain('stale', `brief/${turn % 10}`),
    (turn) => plain('checked', `ok/${turn % 10}`),
    () => ({ ...plain('guarded', 'ok/1'), status: 401, error: 'TokenRequired' }),
    () => {
      const { target, told } = plain('guarded', 'ok/1')
      const shown = { ...told, request_path: `${target}?ticket=[REDACTED]`, user: 'guest' }
      return { target: `${target}?ticket=${guest}`, told: shown, status: 403, error: 'ClaimDenied' }
    },
    () => {
      const { told, ...kind } = plain('guarded', 'ok/1')
      return { ...kind, told: { ...told, user: 'anna' }, headers: { authorization: `Bearer ${reader}` } }
    },
  ]
}

/** What a cache does all day, for what browsers say of themselves. */
export const hitsAlone: Kinds = [(turn) => ({ ...plain('open', `ok/${turn % 50}`), headers: browserHeaders })]

function plain(bucket: string, key: string, decoded = key): Kind {
  const target = `/${bucket}/${key}`
  return { target, told: { bucket, object_key: decoded, request_path: target }, status: 200, bytes: bodyBytes }
}

function tokenOf(subject: string, role: string): Promise<string> {
  const token = new SignJWT({ sub: subject, role }).setProtectedHeader({ alg: 'HS256' })
  return token.setExpirationTime('1h').sign(new TextEncoder().encode(secret))
}

export interface Traffic {
  readonly url: string
  readonly kinds: Kinds
  readonly perSecond: number
  readonly seconds: number
  /** Of the first request; the others count on from it. */
  readonly firstTurn: number
}

/** More at once wait for each other, as they do before any pool; so many fit a listener's backlog. */
const connections = 200

/** Open loop: requests are due at a steady rate, whatever became of others. Resolves when all have ended. */
export async function sendTraffic({ url, kinds, perSecond, seconds, firstTurn }: Traffic): Promise<readonly Asked[]> {
  const port = Number(new URL(url).port)
  const [started, startedAt] = [Date.now(), performance.now()]
  const idle = Array.from({ length: connections }, () => new HttpConnection(port))
  const all: Asked[] = []
  const waiting: Asked[] = []
  const running: Promise<void>[] = []
  const serve = async (first: Asked, free: HttpConnection) => {
    let connection = free
    for (let asked: Asked | undefined = first; asked !== undefined; asked = waiting.shift()) {
      if (!connection.isOpen) connection = new HttpConnection(port)
      await exchange(connection, asked)
      asked.tookMs = performance.now() - startedAt - (asked.dueAt - started)
    }
    idle.push(connection)
  }
  for (let index = 0; index < perSecond * seconds; index++) {
    const due = (index / perSecond) * 1000
    const early = due - (performance.now() - startedAt)
    if (early > 0) await sleep(early)
    const kind = kinds[(firstTurn + index) % kinds.length]?.(firstTurn + index)
    if (kind === undefined) throw new Error('there is nothing to ask for')
    const times = { dueAt: started + due, sentAt: 0, answeredAt: 0, tookMs: 0 }
    const asked = { id: `bench-${firstTurn + index}`, kind, ...times, bytes: 0, cache: undefined, problem: undefined }
    all.push(asked)
    const free = idle.pop()
    if (free === undefined) waiting.push(asked)
    else running.push(serve(asked, free))
  }
  await Promise.all(running)
  for (const connection of idle) connection.close()
  return all
}

const xCache = /\r\nx-cache: (\w+)\r\n/i

/** Never rejects. */
async function exchange(connection: HttpConnection, asked: Asked): Promise<void> {
  const { kind, id } = asked
  const { method = 'GET', target: path, error, status, bytes = bodyBytes } = kind
  const headers = { ...agentHeaders, ...kind.headers, 'x-correlation-id': id }
  asked.sentAt = Date.now()
  try {
    const answer = await connection.request({ method, path, headers, onBody() {} })
    asked.bytes = answer.bytes
    asked.cache = xCache.exec(answer.head)?.[1]?.toLowerCase()
    if (answer.status !== status) asked.problem = `status ${answer.status}, expected ${status}`
    else if (error === undefined && answer.bytes !== bytes) asked.problem = `${answer.bytes} bytes, expected ${bytes}`
  } catch (failure) {
    asked.problem = String(failure)
  }
  asked.answeredAt = Date.now()
}
