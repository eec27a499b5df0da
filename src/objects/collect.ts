import { joined } from '../origin/answer-body.ts'
import type { OriginBody } from '../origin/origin.ts'

export type Collected =
  | { readonly kind: 'whole'; readonly bytes: Uint8Array }
  /** More than the limit: the same body from its beginning. */
  | { readonly kind: 'longer'; readonly body: OriginBody }

/** Reads a body of unknown length up to `limit` bytes, to learn whether it is a small one. */
export async function collect(body: OriginBody, limit: number): Promise<Collected> {
  const chunks: Uint8Array[] = []
  let length = 0
  const rest = body[Symbol.asyncIterator]()
  while (length <= limit) {
    const next = await rest.next()
    if (next.done === true) return { kind: 'whole', bytes: joined(chunks, length) }
    chunks.push(next.value)
    length += next.value.length
  }
  return { kind: 'longer', body: resumed(chunks, rest, body) }
}

function resumed(chunks: readonly Uint8Array[], rest: AsyncIterator<Uint8Array>, body: OriginBody): OriginBody {
  return { [Symbol.asyncIterator]: () => goOn(chunks, rest, body), cancel: () => body.cancel() }
}

async function* goOn(
  chunks: readonly Uint8Array[],
  rest: AsyncIterator<Uint8Array>,
  body: OriginBody,
): AsyncGenerator<Uint8Array> {
  try {
    yield* chunks
    for (let next = await rest.next(); next.done !== true; next = await rest.next()) yield next.value
  } finally {
    body.cancel()
  }
}
