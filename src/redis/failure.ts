/**
 * `busy`: too much is waiting already. `connection-lost`: it is not known whether the command took effect. `refused`: Redis
 * answered with an error.
 */
export type RedisFailureKind = 'deadline' | 'not-connected' | 'connection-lost' | 'busy' | 'refused' | 'closed'

/** Why Redis gave no answer that helps. */
export class RedisFailure extends Error {
  override readonly name = 'RedisFailure'
  readonly kind: RedisFailureKind
  /** What Redis calls its refusal, such as `OOM`. Empty when it did not refuse. */
  readonly code: string

  constructor(kind: RedisFailureKind, message: string, code = '') {
    super(message)
    this.kind = kind
    this.code = code
  }
}

/** The package's errors carry the command's arguments, a password or a whole value: they are left behind on purpose. */
export function failureOf(error: unknown): RedisFailure {
  if (error instanceof RedisFailure) return error
  const text = error instanceof Error ? error.message : String(error)
  const isAnswer = error instanceof Error && error.name === 'ReplyError'
  return isAnswer
    ? new RedisFailure('refused', `redis answered: ${text}`, text.split(' ', 1)[0])
    : new RedisFailure('connection-lost', `the connection to redis was lost: ${text}`)
}
