import { stat } from 'node:fs/promises'
import { type ChainReport, type Place, verifyChain } from '../audit/verify.ts'
import { type Command, UsageError } from './command.ts'
import { ProgressLine } from './progress.ts'

const help = `yatagarasu audit verify FILE...   say whether audit log files are what was written

Files are given oldest first, rotated ones before the live one:

  yatagarasu audit verify audit.log.2026-* audit.log

Each entry written with \`audit_log.chain: true\` holds the digest of the one before it. An entry that was changed, removed,
inserted or moved breaks the chain, and so does one that was dropped because a file could not be written for too long. The
last entry is held by nothing: keep its digest elsewhere to know it again.

  --json   the same for scripts

Exit codes: 0 the chain is whole, 1 it is broken or a file cannot be read, 2 usage.`

export const command: Command = {
  options: { json: { type: 'boolean' } },
  takesWords: true,
  help,
  async run({ values, words: [word, ...files], clock, write, complain }) {
    if (word !== 'verify') throw new UsageError('audit has one word, verify, and files behind it')
    const line = new ProgressLine(process.stderr, clock)
    return auditVerify({
      ...{ files, json: values['json'] === true },
      showProgress: (share) => line.show(Math.floor(share * 100), 100, '%'),
      write(text) {
        line.end()
        write(text)
      },
      complain(text) {
        line.end()
        complain(text)
      },
    })
  },
}

export interface AuditVerifyArgs {
  readonly files: readonly string[]
  readonly json: boolean
  write(line: string): void
  complain(line: string): void
  /** Undefined: nobody is watching. */
  readonly showProgress: ((share: number) => void) | undefined
}

/** Returns the exit code. */
export async function auditVerify({ files, json, write, complain, showProgress }: AuditVerifyArgs): Promise<number> {
  if (files.length === 0) {
    complain('yatagarasu: audit verify needs files, oldest first')
    return 2
  }
  let report: ChainReport
  try {
    report = await verifyChain(files, await progressThrough(files, showProgress))
  } catch (error) {
    complain(`yatagarasu: ${error instanceof Error ? error.message : error}`) // translated: a file cannot be read
    return 1
  }
  const isWhole = report.broken === undefined && (report.unlinked === 0 || report.unlinked < report.entries)
  write(json ? JSON.stringify({ whole: isWhole, ...factsOf(report) }) : sentencesOf(report, isWhole).join('\n'))
  return isWhole ? 0 : 1
}

async function progressThrough(
  files: readonly string[],
  show: AuditVerifyArgs['showProgress'],
): Promise<(bytes: number) => void> {
  if (show === undefined) return () => {}
  const sizes = await Promise.all(files.map(async (file) => (await stat(file)).size))
  const total = sizes.reduce((sum, size) => sum + size, 0)
  let done = 0
  return (bytes) => {
    done += bytes
    show(Math.min(1, done / total))
  }
}

function factsOf({ entries, unlinked, isFromBeginning, torn, broken, lastDigest }: ChainReport): object {
  const digest = lastDigest ?? null
  return { entries, unlinked, from_beginning: isFromBeginning, torn, broken: broken ?? null, last_digest: digest }
}

function sentencesOf(report: ChainReport, isWhole: boolean): readonly string[] {
  const { entries, unlinked, isFromBeginning, torn, broken, lastDigest } = report
  const sentences = [`${entries} ${entries === 1 ? 'entry' : 'entries'}: ${verdictOn(report, isWhole)}`]
  const isLinked = entries > unlinked
  if (unlinked > 0 && isLinked) sentences.push(`the first ${unlinked} have no link, and nothing can be said of them`)
  if (isLinked && unlinked === 0 && !isFromBeginning && broken === undefined) {
    sentences.push('the first of them follows one that is not in these files')
  }
  for (const place of torn) sentences.push(`${at(place)}: an entry cut short, as a crash leaves it`)
  if (isWhole && lastDigest !== undefined) sentences.push(`digest of the last entry: ${lastDigest}`)
  return sentences
}

function verdictOn({ entries, broken }: ChainReport, isWhole: boolean): string {
  if (broken !== undefined) return `the chain is broken at ${at(broken)}: this line ${broken.reason}`
  if (entries === 0) return 'there is nothing to verify'
  return isWhole ? 'the chain is whole' : 'none of them has a link'
}

function at({ file, line }: Place): string {
  return `${file}:${line}`
}
