/** A thread that serves nobody, and goes wrong when it is told to. */
import { parentPort, workerData } from 'node:worker_threads'
import type { Numbered } from '../../src/workers/life-calls.ts'
import { Link } from '../../src/workers/link.ts'

if (parentPort === null) throw new Error('this is a thread')
const { mishap } = workerData as { readonly mishap: 'none' | 'hangs' | 'cannot open' | 'cannot take up' }

let uses = 1
let prepared: number | undefined

new Link(parentPort, {
  open() {
    if (mishap === 'cannot open') throw new Error('out of luck')
  },
  listen: () => ({ host: '127.0.0.1', port: 1, url: 'http://127.0.0.1:1' }),
  load() {
    while (mishap === 'hangs');
    return { connections: uses, requests: 2 } // a way to tell which config it uses
  },
  prepare({ number }: Numbered) {
    if (mishap === 'cannot take up') throw new Error('this config cannot be made here')
    prepared = number
  },
  commit() {
    if (prepared === undefined) throw new Error('there is no config to take up')
    uses = prepared
    prepared = undefined
  },
  discard() {
    prepared = undefined
  },
  drain: () => undefined,
})
