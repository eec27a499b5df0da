import type { Clock } from '../base/clock.ts'
import { RedisFailure } from './failure.ts'

/** How long one operation may go on. What it does in several steps asks before each of them. */
export class Deadline {
  #isOver = false

  get isOver(): boolean {
    return this.#isOver
  }

  pass(): void {
    this.#isOver = true
  }

  requireTime(): void {
    if (this.#isOver) throw new RedisFailure('deadline', 'the time for this operation is over')
  }
}

/** Rejects when `ms` have passed; what `act` comes to after that is nobody's concern. */
export async function within<T>(clock: Clock, ms: number, act: (deadline: Deadline) => Promise<T>): Promise<T> {
  const deadline = new Deadline()
  const over = Promise.withResolvers<never>()
  const callOff = clock.alarm(ms, () =>
    over.reject(new RedisFailure('deadline', `redis did not answer within ${ms} ms`)),
  )
  try {
    return await Promise.race([act(deadline), over.promise])
  } finally {
    callOff()
    deadline.pass()
  }
}
