/** Requests of every kind, with what each should come to where the answer does not say. */
import { signedToken } from '../../support/tokens.ts'
import { etagOf, sizeOf } from './tallied-origin.ts'

export interface Ask {
  /** Empty: no bucket is served there. */
  readonly bucket: string
  readonly path: string
  readonly method: 'GET' | 'HEAD' | 'OPTIONS' | 'POST' | 'PUT' | 'DELETE'
  readonly headers: Readonly<Record<string, string>>
  readonly body?: string
  /** What comes of its token. */
  readonly auth?: string
  /** How many send it at once. */
  readonly crowd?: number
  /** The reader leaves when it has the head. */
  readonly leaves?: true
  /** Bytes of the object in a multipart answer. */
  readonly partBytes?: number
}

export class Dice {
  #state: number

  constructor(seed: number) {
    this.#state = seed >>> 0
  }

  /** From 0 up to 1 (mulberry32). */
  roll(): number {
    this.#state = (this.#state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(this.#state ^ (this.#state >>> 15), this.#state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }

  below(count: number): number {
    return Math.floor(this.roll() * count)
  }

  of<T>(choices: readonly T[]): T {
    const choice = choices[this.below(choices.length)]
    if (choice === undefined) throw new Error('there is nothing to choose from')
    return choice
  }
}

const MiB = 1024 * 1024
type Kind = (dice: Dice) => Ask

/** As many times as it should come in a hundred. */
export async function kindsOfRequest(): Promise<readonly Kind[]> {
  const weighted: readonly (readonly [number, Kind])[] = [
    [34, smallObject],
    [6, (dice) => ({ ...get('small', `obj-${1000 + dice.below(1e6)}-700`), crowd: dice.below(4) })],
    [3, (dice) => ({ ...get('small', `pass-${dice.below(9)}-900`), crowd: dice.below(4) })],
    [8, (dice) => get('large', `film-${dice.below(4)}-${2 * MiB + 5}`, rangeWithin(dice, 2 * MiB))],
    [1, (dice) => get('large', `film-${dice.below(4)}-${2 * MiB + 5}`)],
    [2, (dice) => ({ ...get('left', `film-0-${2 * MiB}`, { 'x-dice': `${dice.below(9)}` }), leaves: true })],
    [4, (dice) => get('off', `obj-${dice.below(50)}-500`)],
    [5, (dice) => get('failing', `fail-${dice.below(50)}`)],
    [12, await protectedObject()],
    [6, (dice) => get('inside', `obj-${dice.below(9)}-80`, { 'x-forwarded-for': dice.of(['10.1.2.3', '192.0.2.1']) })],
    [5, (dice) => get('limited', `obj-${dice.below(9)}-60`)],
    [4, (dice) => ({ ...get('', dice.of(['nowhere', 'health', 'ready', 'ad/min'])) })],
    [4, (dice) => ({ ...get('small', 'obj-1-100'), method: dice.of(['POST', 'PUT', 'DELETE', 'OPTIONS']) })],
    [3, () => ({ ...get('small', 'obj-1-100'), body: 'not wanted' })],
    [3, (dice) => ({ ...get('', ''), path: dice.of(['/small/%00', '/small/%zz', '/small/..%2fx', '/small/a/../b']) })],
  ]
  return weighted.flatMap(([times, kind]) => Array<Kind>(times).fill(kind))
}

function get(bucket: string, key: string, headers: Readonly<Record<string, string>> = {}): Ask {
  return { bucket, path: bucket === '' ? `/${key}` : `/${bucket}/${key}`, method: 'GET', headers }
}

function rangeWithin(dice: Dice, size: number): { range: string } {
  const start = dice.below(size)
  return { range: `bytes=${start}-${start + dice.below(70_000)}` }
}

function smallObject(dice: Dice): Ask {
  const number = dice.below(30)
  const kind = dice.of(['obj', 'obj', 'obj', 'obj', 'check', 'gone', 'denied'])
  const key = kind === 'gone' || kind === 'denied' ? `${kind}-${number}` : `${kind}-${number}-${100 + number * 150}`
  const plain = get('small', key)
  const size = sizeOf(key)
  return dice.of<Ask>([
    ...[plain, plain, plain, { ...plain, crowd: dice.below(6) }],
    { ...plain, method: 'HEAD' },
    { ...plain, headers: { 'if-none-match': etagOf(key) } },
    { ...plain, headers: { 'if-match': '"another"' } },
    { ...plain, headers: { range: `bytes=${dice.below(50)}-${50 + dice.below(49)}` } },
    { ...plain, headers: { range: `bytes=${size + 1}-` } },
    { ...plain, headers: { range: 'bytes=0-9,20-49' }, partBytes: 40 },
    { ...plain, headers: { 'cache-control': dice.of(['no-cache', 'only-if-cached', 'no-store']) } },
  ])
}

async function protectedObject(): Promise<Kind> {
  const past = Date.UTC(2025, 0, 1) / 1000
  const tokens: readonly (readonly [outcome: string, token: string | undefined])[] = [
    ['no-token', undefined],
    ['verified', await signedToken({ sub: 'ann', role: 'reader' })],
    ['denied', await signedToken({ sub: 'bob', role: 'writer' })],
    ['bad-signature', await signedToken({ role: 'reader' }, 'a secret that nobody has configured')],
    ['expired', await signedToken({ role: 'reader', exp: past })],
    ['malformed', 'no.token.at.all'],
  ]
  return (dice) => {
    const [auth, token] = tokens[dice.below(tokens.length)] ?? ['no-token', undefined]
    const headers = token === undefined ? {} : { authorization: `Bearer ${token}` }
    return { ...get('protected', `obj-${dice.below(30)}-300`, headers), auth }
  }
}
