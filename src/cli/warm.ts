/** `yatagarasu warm`: brings objects into the cache before anybody asks for them. */

import { adminClient, adminOptions, adminOptionsHelp } from './admin-options.ts'
import {
  type Command,
  CommandFailure,
  type Env,
  requireText,
  textOf,
  UsageError,
  untilInterrupted,
  type Values,
  wholeNumber,
} from './command.ts'
import { readConfig } from './config-file.ts'
import { type KeySource, readAccessLog, readKeyList, readManifest } from './key-sources.ts'
import { countText, printable } from './table.ts'
import { followJob, jobIn, jobReport } from './warm-job.ts'

const help = `yatagarasu warm --bucket NAME [WHAT] [options]

Has the proxy fetch objects that it does not hold, or not freshly. It goes slowly while users'
requests keep it busy.

  --prefix P          every object whose key begins so; without any WHAT, the whole bucket
  --keys FILE         keys, one a line
  --manifest FILE     an S3 Inventory in CSV, JSON lines with a "key", or keys
  --access-log FILE   what was read most, by an access log (Common or Combined format, or ours)
  --path-prefix P     where the bucket was served in that log; else as --config says, else /NAME
  --limit N           so many objects at most
  --detach            say the job's id, and do not wait for it
${adminOptionsHelp}

A FILE may be - for standard input: zcat access.log.gz | yatagarasu warm … --access-log -

Ctrl-C calls the job off. Exit code 0: done. 1: something failed, or was called off. 2: usage.`

/** Of one job: its body stays below the 1 MiB that the proxy takes. */
const mostKeyBytes = 700_000

export const command: Command = {
  options: {
    ...adminOptions,
    bucket: { type: 'string' },
    prefix: { type: 'string' },
    keys: { type: 'string' },
    manifest: { type: 'string' },
    'access-log': { type: 'string' },
    'path-prefix': { type: 'string' },
    limit: { type: 'string' },
    detach: { type: 'boolean' },
  },
  help,
  async run({ values, env, clock, write, complain }) {
    const client = await adminClient(values, env, clock)
    const { orders, passed } = await ordersFrom(values, env)
    if (passed > 0) complain(`lines that held no key of this bucket: ${countText(passed)}`)
    const isDetached = values['detach'] === true
    const run = async (body: object, interrupted: AbortSignal) => {
      const ordered = (await client.ask({ method: 'POST', path: '/cache/warm', body })).body
      const answer = isDetached ? ordered : await followJob(client, ordered, interrupted, clock)
      const job = jobIn(answer)
      if (values['json'] === true) write(JSON.stringify(answer))
      else write(isDetached ? printable(job.id) : jobReport(job))
      if (job.lastError !== undefined) complain(`last error: ${printable(job.lastError)}`)
      return job.failed === 0 && job.state === (isDetached ? 'running' : 'done')
    }
    try {
      return await untilInterrupted(async (interrupted) => {
        let failures = 0
        for (const body of orders) if (interrupted.aborted || !(await run(body, interrupted))) failures += 1
        return failures === 0 ? 0 : 1
      })
    } finally {
      await client.close()
    }
  },
}

interface Orders {
  /** As the proxy takes them. */
  readonly orders: readonly object[]
  /** Lines of no use. */
  readonly passed: number
}

async function ordersFrom(values: Values, env: Env): Promise<Orders> {
  const bucket = requireText(values, 'bucket', 'NAME')
  const limit = wholeNumber(values, 'limit')
  const source = await sourceFrom(bucket, values, env)
  if (source === undefined) {
    const prefix = textOf(values, 'prefix') ?? ''
    return { orders: [{ bucket, prefix, ...(limit !== undefined && { limit }) }], passed: 0 }
  }
  const { keys, passed } = source
  if (keys.length === 0) throw new CommandFailure('there is no key in what was given')
  return { orders: batches(keys.slice(0, limit)).map((keys) => ({ bucket, keys })), passed }
}

/** Undefined: the proxy lists them. */
async function sourceFrom(bucket: string, values: Values, env: Env): Promise<KeySource | undefined> {
  const given = ['prefix', 'keys', 'manifest', 'access-log'].filter((name) => textOf(values, name) !== undefined)
  if (given.length > 1) throw new UsageError(`--${given.join(' and --')} exclude each other`)
  const [keys, manifest, log] = ['keys', 'manifest', 'access-log'].map((name) => textOf(values, name))
  const pathPrefix = textOf(values, 'path-prefix') ?? (await servedAt(bucket, textOf(values, 'config'), env))
  try {
    if (keys !== undefined) return await readKeyList(keys)
    if (manifest !== undefined) return await readManifest(manifest)
    if (log !== undefined) return await readAccessLog(log, pathPrefix)
    return undefined
  } catch (error) {
    throw new UsageError(error instanceof Error ? error.message : String(error)) // translated: the file cannot be read
  }
}

async function servedAt(bucket: string, configFile: string | undefined, env: Env): Promise<string> {
  const buckets = configFile === undefined ? [] : (await readConfig(configFile, env)).buckets
  return buckets.find(({ name }) => name === bucket)?.pathPrefix ?? `/${bucket}`
}

function batches(keys: readonly string[]): readonly (readonly string[])[] {
  const all: string[][] = []
  let room = 0
  for (const key of keys) {
    const bytes = Buffer.byteLength(JSON.stringify(key)) + 1
    if (bytes > room) {
      all.push([])
      room = mostKeyBytes
    }
    all.at(-1)?.push(key)
    room -= bytes
  }
  return all
}
