/** Calls from one thread of the process to another, over a channel of messages. */

import { type ErrorCode, ProxyError } from '../base/errors.ts'

/** What one side does for the other, by name. Arguments and results are cloned (structured clone). */
export type Calls = Readonly<Record<string, (argument: never) => unknown>>

/** A `MessagePort`, or a `Worker` seen from its parent. */
export interface Channel {
  postMessage(message: unknown): void
  on(event: 'message', listener: (message: unknown) => void): unknown
}

type ArgumentOf<Theirs extends Calls, Name extends keyof Theirs> = Parameters<Theirs[Name]>[0]
type ResultOf<Theirs extends Calls, Name extends keyof Theirs> = Awaited<ReturnType<Theirs[Name]>>

type Message =
  | { readonly kind: 'call'; readonly id: number; readonly name: string; readonly argument: unknown }
  | { readonly kind: 'told'; readonly name: string; readonly argument: unknown }
  | { readonly kind: 'result'; readonly id: number; readonly result: unknown }
  | { readonly kind: 'failure'; readonly id: number; readonly failure: Failure }

interface Failure {
  readonly name: string
  readonly message: string
  readonly code: ErrorCode | undefined
}

/** The thread at the other end is gone. */
export class LinkClosed extends Error {
  override readonly name = 'LinkClosed'
}

/** Messages arrive in the order they were sent, calls and what is told alike. */
export class Link<Theirs extends Calls> {
  readonly #channel: Channel
  readonly #mine: Calls
  readonly #pending = new Map<number, PromiseWithResolvers<unknown>>()
  #lastId = 0
  #closed: LinkClosed | undefined

  /** `mine`: what this side does for the other. */
  constructor(channel: Channel, mine: Calls) {
    this.#channel = channel
    this.#mine = mine
    channel.on('message', (message) => this.#receive(message as Message))
  }

  /** Rejects with what the other side threw (its name, message and code), or with `LinkClosed`. */
  call<Name extends keyof Theirs & string>(
    name: Name,
    argument: ArgumentOf<Theirs, Name>,
  ): Promise<ResultOf<Theirs, Name>> {
    if (this.#closed !== undefined) return Promise.reject(this.#closed)
    const id = ++this.#lastId
    const pending = Promise.withResolvers<unknown>()
    this.#pending.set(id, pending)
    this.#post({ kind: 'call', id, name, argument })
    return pending.promise as Promise<ResultOf<Theirs, Name>>
  }

  /** Without an answer. What is told to a thread that is gone is lost. */
  tell<Name extends keyof Theirs & string>(name: Name, argument: ArgumentOf<Theirs, Name>): void {
    if (this.#closed === undefined) this.#post({ kind: 'told', name, argument })
  }

  /** The thread at the other end is gone: what waits for it is told so. */
  close(): void {
    this.#closed ??= new LinkClosed('the thread at the other end has ended')
    for (const { reject } of this.#pending.values()) reject(this.#closed)
    this.#pending.clear()
  }

  #post(message: Message): void {
    this.#channel.postMessage(message)
  }

  #receive(message: Message): void {
    switch (message.kind) {
      case 'call':
        void this.#answer(message)
        return
      case 'told':
        this.#perform(message.name, message.argument)
        return
      case 'result':
        this.#settle(message.id)?.resolve(message.result)
        return
      case 'failure':
        this.#settle(message.id)?.reject(errorOf(message.failure))
    }
  }

  async #answer({ id, name, argument }: Extract<Message, { kind: 'call' }>): Promise<void> {
    try {
      this.#post({ kind: 'result', id, result: await this.#perform(name, argument) })
    } catch (error) {
      this.#post({ kind: 'failure', id, failure: failureOf(error) }) // thrown again at the other end
    }
  }

  #perform(name: string, argument: unknown): unknown {
    const perform = this.#mine[name]
    if (perform === undefined) throw new Error(`nobody performs ${name} here`)
    return perform(argument as never)
  }

  #settle(id: number): PromiseWithResolvers<unknown> | undefined {
    const pending = this.#pending.get(id)
    this.#pending.delete(id)
    return pending
  }
}

function failureOf(error: unknown): Failure {
  const { name, message } = error instanceof Error ? error : new Error(String(error))
  return { name, message, code: error instanceof ProxyError ? error.code : undefined }
}

function errorOf({ name, message, code }: Failure): Error {
  if (code !== undefined) return new ProxyError(code, message)
  const error = new Error(message)
  error.name = name
  return error
}
