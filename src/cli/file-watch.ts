import { readFileSync, watch } from 'node:fs'
import { basename, dirname } from 'node:path'
import type { Clock } from '../base/clock.ts'

/** Editors and tools write a file in several steps. */
const settleMs = 250

/** Calls `changed` when the file holds something else, however it came there: written, renamed, linked. Returns how to end that. */
export function watchFile(file: string, clock: Clock, changed: () => void): () => void {
  let known = contentOf(file)
  let callOff: (() => void) | undefined
  const look = () => {
    callOff = undefined
    const content = contentOf(file)
    if (content === undefined || content === known) return
    known = content
    changed()
  }
  // The folder: a file that is replaced is another one, and links of containers change beside it.
  const watcher = watch(dirname(file), { persistent: false }, (_event, name) => {
    if (name !== null && name !== basename(file) && !name.startsWith('..')) return
    callOff?.()
    callOff = clock.alarm(settleMs, look)
  })
  watcher.on('error', () => watcher.close()) // the folder is gone: nobody will write there any more
  return () => {
    callOff?.()
    watcher.close()
  }
}

/** Undefined while it cannot be read: between two steps of whoever writes it. */
function contentOf(file: string): string | undefined {
  try {
    return readFileSync(file, 'utf8')
  } catch {
    return undefined // translated
  }
}
