/** What the commands of the command line share. Each is the `command` of its file. */

import type { ParseArgsOptionsConfig } from 'node:util'
import type { Clock } from '../base/clock.ts'

export type Values = Readonly<Record<string, string | boolean | readonly string[] | undefined>>

export type Env = Readonly<Record<string, string | undefined>>

export interface CommandArgs {
  readonly values: Values
  /** What stands behind the command without being an option; none where it takes none. */
  readonly words: readonly string[]
  readonly env: Env
  readonly clock: Clock
  /** A line, or several, to whoever wants the answer. */
  write(text: string): void
  /** The same to whoever watches. */
  complain(text: string): void
}

export interface Command {
  readonly options: ParseArgsOptionsConfig
  /** Absent: a word that is no option is an error. */
  readonly takesWords?: true
  readonly help: string
  /** Returns the exit code. Throws `UsageError` or `CommandFailure`. */
  run(args: CommandArgs): Promise<number>
}

/** What is asked for cannot be: told as it stands, exit code 2. */
export class UsageError extends Error {}

/** It was asked for, and did not come to pass: told as it stands, exit code 1. */
export class CommandFailure extends Error {}

export function textOf(values: Values, name: string): string | undefined {
  const value = values[name]
  return typeof value === 'string' ? value : undefined
}

/** Of an option that may be repeated. */
export function textsOf(values: Values, name: string): readonly string[] {
  const value = values[name]
  return Array.isArray(value) ? value : []
}

export function requireText(values: Values, name: string, what: string): string {
  const text = textOf(values, name)
  if (text === undefined) throw new UsageError(`--${name} ${what} is missing`)
  return text
}

/** Of one at least, and below a million million. */
export function wholeNumber(values: Values, name: string): number | undefined {
  const text = textOf(values, name)
  if (text === undefined) return undefined
  if (!/^[1-9]\d{0,11}$/.test(text)) throw new UsageError(`--${name} wants a whole number over 0, not '${text}'`)
  return Number(text)
}

/** Timers know no more than 24 days. */
export function secondsOf(values: Values, name: string): number | undefined {
  const seconds = wholeNumber(values, name)
  if (seconds !== undefined && seconds > 1_000_000) throw new UsageError(`--${name} wants at most 1000000 seconds`)
  return seconds
}

/** The first Ctrl-C aborts the signal; a second one ends the process as it always does. */
export async function untilInterrupted<T>(run: (interrupted: AbortSignal) => Promise<T>): Promise<T> {
  const stop = new AbortController()
  const onInterrupt = () => stop.abort()
  process.once('SIGINT', onInterrupt)
  try {
    return await run(stop.signal)
  } finally {
    process.off('SIGINT', onInterrupt)
  }
}
