/** A thread that serves nobody, and goes wrong when it is told to. */
import { parentPort, workerData } from 'node:worker_threads'
import { Link } from '../../src/workers/link.ts'

if (parentPort === null) throw new Error('this is a thread')
const { mishap } = workerData as { readonly mishap: 'none' | 'hangs' | 'cannot open' | 'cannot take up' }

new Link(parentPort, {
  open() {
    if (mishap === 'cannot open') throw new Error('out of luck')
  },
  listen: () => ({ host: '127.0.0.1', port: 1, url: 'http://127.0.0.1:1' }),
  load() {
    while (mishap === 'hangs');
    return { connections: 1, requests: 2 }
  },
  prepare() {
    if (mishap === 'cannot take up') throw new Error('this config cannot be made here')
  },
  commit: () => undefined,
  discard: () => undefined,
  drain: () => undefined,
})
