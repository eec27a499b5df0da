/** CPU time and memory of a server and all its processes, as Linux counts them in /proc. */
import { readdirSync, readFileSync, writeFileSync } from 'node:fs'

export interface ProcessStat {
  readonly pid: number
  readonly parent: number
  /** With the pid, names one process for good: pids are used again. */
  readonly startTicks: number
  /** User and system time, its reaped children's included. */
  readonly cpuTicks: number
  /** Ended, but not yet collected by its parent. */
  readonly isZombie: boolean
}

/** /proc counts in USER_HZ, which is 100 on every Linux that Node supports; the kernel scales the sum to the exact run time. */
const microsPerTick = 10_000

export function parseStat(text: string): ProcessStat {
  // The second field is the command in brackets and may itself hold spaces and brackets.
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ')
  const field = (number: number) => Number(fields[number - 3] ?? 0)
  return {
    pid: Number.parseInt(text, 10),
    parent: field(4),
    startTicks: field(22),
    cpuTicks: field(14) + field(15) + field(16) + field(17),
    isZombie: fields[0] === 'Z',
  }
}

/** The process and its descendants, parents first; empty when it is gone. */
export function processTree(root: number): ProcessStat[] {
  const byParent = new Map<number, ProcessStat[]>()
  const tree: ProcessStat[] = []
  for (const entry of readdirSync('/proc')) {
    const stat = /^\d+$/.test(entry) ? readStat(Number(entry)) : undefined
    if (stat === undefined) continue
    if (stat.pid === root) tree.push(stat)
    const siblings = byParent.get(stat.parent)
    if (siblings === undefined) byParent.set(stat.parent, [stat])
    else siblings.push(stat)
  }
  // The array grows while it is walked: children are found behind their parents.
  for (const member of tree) tree.push(...(byParent.get(member.pid) ?? []))
  return tree
}

/** Undefined when the process has ended. */
export function readStat(pid: number): ProcessStat | undefined {
  const text = readProc(`/proc/${pid}/stat`)
  return text === undefined ? undefined : parseStat(text)
}

export function cpuMicros(root: number): number {
  return processTree(root).reduce((sum, member) => sum + member.cpuTicks, 0) * microsPerTick
}

/** How long the main thread of one process was ready to run while its core ran something else. */
export function coreWaitMicros(pid: number): number {
  const [, waitedNanos = '0'] = (readProc(`/proc/${pid}/schedstat`) ?? '').split(' ')
  return Number(waitedNanos) / 1000
}

/** The sum of each process's own peak since `resetPeakMemory`: never less than the peak of the sum. */
export function peakMemoryBytes(root: number): number {
  return sumOfStatus(root, /^VmHWM:\s+(\d+) kB$/m)
}

/** What is resident now. */
export function memoryBytes(root: number): number {
  return sumOfStatus(root, /^VmRSS:\s+(\d+) kB$/m)
}

function sumOfStatus(root: number, kilobytes: RegExp): number {
  return processTree(root).reduce((sum, { pid }) => {
    const value = kilobytes.exec(readProc(`/proc/${pid}/status`) ?? '')
    return sum + Number(value?.[1] ?? 0) * 1024
  }, 0)
}

export function resetPeakMemory(root: number): void {
  for (const { pid } of processTree(root)) {
    try {
      // "5" is the kernel's word for: set VmHWM back to the current size.
      writeFileSync(`/proc/${pid}/clear_refs`, '5')
    } catch {
      // Not allowed (another user's process) or gone: the peak then counts from the process's start, which is only larger.
    }
  }
}

function readProc(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    // The process ended between listing and reading.
    return undefined
  }
}
