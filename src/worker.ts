/** Where a thread that serves requests begins. */

import { parentPort, workerData } from 'node:worker_threads'
import { runWorker } from './assembly/worker-app.ts'

if (parentPort === null) throw new Error('this is a thread of the proxy, and begins with it')
const worker = runWorker(parentPort, workerData)
process.once('exit', () => worker.lastWords())
