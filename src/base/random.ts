import { randomUUID } from 'node:crypto'
import type { RequestId } from './types.ts'

export interface Random {
  /** In [0, 1). For jitter, never for secrets. */
  float(): number
  requestId(): RequestId
}

export const systemRandom: Random = {
  float: Math.random,
  requestId: () => randomUUID() as string as RequestId,
}
