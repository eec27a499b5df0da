/**
 * What do several threads cost in memory? `node bench/worker-memory.ts [--workers 1,2] [--budget 512] [--objects 100000]`: idle;
 * then so many objects of 8 KiB through a memory tier of three quarters of `server.memory_budget_mb`; then a churn of mixed
 * sizes. Prints what is resident, and what the peak was. Exits 1 when more workers hold more than 1.15 times what the first
 * number of them does after the objects, or when the peak of a churn is above 1.1 times the budget + 120 MB.
 */
import { setTimeout as sleep } from 'node:timers/promises'
import { parseArgs } from 'node:util'
import { Pool } from 'undici'
import { Promises, type RunningProxy, s3At, startProxy } from './rig/failure-stage.ts'
import { type BenchObject, benchObject } from './rig/object-content.ts'
import { memoryBytes, peakMemoryBytes, resetPeakMemory } from './rig/proc-stat.ts'
import { runScript } from './rig/script.ts'
import { startOrigin } from './rig/servers.ts'
import { Session } from './rig/session.ts'
import { mixedSize } from './rig/zipf-streams.ts'

const { values } = parseArgs({
  options: {
    workers: { type: 'string', default: '1,2' },
    budget: { type: 'string', default: '512' },
    objects: { type: 'string', default: '100000' },
  },
})
const [budgetMb, objects] = [Number(values.budget), Number(values.objects)]
const memoryMb = Math.floor(budgetMb * 0.75)
const [connections, restMs] = [32, 3000]
/** 64 KiB each in the mean: three times the memory tier. */
const churned = Math.ceil((3 * memoryMb * 2 ** 20) / 66_000)

interface Figures {
  readonly idleMb: number
  readonly hotMb: number
  readonly churnPeakMb: number
}

const session = new Session()
await runScript(session, main)

async function main(): Promise<number> {
  const promises = new Promises()
  let first: Figures | undefined
  for (const workers of values.workers.split(',').map(Number)) {
    const figures = await measure(workers)
    process.stdout.write(`${workers} workers: ${JSON.stringify(figures)}\n`)
    first ??= figures
    const most = first.hotMb * 1.15
    promises.check(figures.hotMb <= most, `${workers} workers: ${figures.hotMb} of ${Math.round(most)} MB when hot`)
    const mostMb = Math.round(1.1 * budgetMb + 120)
    promises.check(figures.churnPeakMb <= mostMb, `${workers} workers: ${figures.churnPeakMb} of ${mostMb} MB in churn`)
  }
  return promises.exitCode
}

async function measure(workers: number): Promise<Figures> {
  const origin = await startOrigin(session)
  const proxy = await startProxy(session, {
    server: { workers, memory_budget_mb: budgetMb },
    cache: { enabled: true, memory: { max_cache_size_mb: memoryMb } },
    buckets: [{ name: 'bench', path_prefix: '/bucket', s3: s3At(`http://127.0.0.1:${origin.port}`) }],
  })
  const { pid } = proxy.started
  const residentMb = async () => {
    await sleep(restMs)
    return megabytes(memoryBytes(pid))
  }
  const idleMb = await residentMb()
  await askAll(proxy, objects, (number) => benchObject(8192, number))
  const hotMb = await residentMb()
  resetPeakMemory(pid)
  await askAll(proxy, churned, (number) => benchObject(mixedSize(number), number))
  const churnPeakMb = megabytes(peakMemoryBytes(pid))
  await session.stop(proxy.started)
  await origin.stop()
  return { idleMb, hotMb, churnPeakMb }
}

async function askAll({ port }: RunningProxy, count: number, objectOf: (number: number) => BenchObject): Promise<void> {
  const pool = new Pool(`http://127.0.0.1:${port}`, { connections })
  let asked = 0
  const client = async () => {
    while (asked < count) {
      const { name, size } = objectOf(++asked)
      const { statusCode, body } = await pool.request({ method: 'GET', path: `/bucket/${name}` })
      const bytes = (await body.arrayBuffer()).byteLength
      if (statusCode !== 200 || bytes !== size) throw new Error(`${name}: ${statusCode} with ${bytes} bytes`)
    }
  }
  await Promise.all(Array.from({ length: connections }, client))
  await pool.close()
}

function megabytes(bytes: number): number {
  return Math.round(bytes / 2 ** 20)
}
