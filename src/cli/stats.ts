/** `yatagarasu stats`: the cache in numbers. */

import type { Clock } from '../base/clock.ts'
import { recordIn } from './admin-client.ts'
import { adminClient, adminOptions, adminOptionsHelp } from './admin-options.ts'
import { type Command, secondsOf, textOf, untilInterrupted } from './command.ts'
import { bytesText, countText, dollarsText, printable, shareText, table } from './table.ts'

const help = `yatagarasu stats [--bucket NAME] [--watch SECONDS] [options]

What the cache has served and what it holds, since the proxy started. Requests are counted in
total and by bucket; by tier it is the records that were looked for there. Avoided are bytes
that S3 need not send; saved and spent is what requests and bytes come to by the price table.

  --bucket NAME       of one bucket
  --watch SECONDS     again every so many seconds, until Ctrl-C
${adminOptionsHelp}`

const head = ['', 'hits', 'misses', 'hit rate', 'evictions', 'size', 'of', 'records', 'avoided', 'saved', 'spent']

export const command: Command = {
  options: { ...adminOptions, bucket: { type: 'string' }, watch: { type: 'string' } },
  help,
  async run({ values, env, clock, write }) {
    const bucket = textOf(values, 'bucket')
    const everySeconds = secondsOf(values, 'watch')
    const client = await adminClient(values, env, clock)
    const path = bucket === undefined ? '/cache/stats' : `/cache/stats/${encodeURIComponent(bucket)}`
    try {
      const show = async () => {
        const reply = await client.ask({ method: 'GET', path })
        const more = everySeconds === undefined ? '' : '\n'
        write(values['json'] === true ? reply.text : `${report(reply.body)}${more}`)
      }
      if (everySeconds === undefined) await show()
      else await repeat(show, everySeconds * 1000, clock)
      return 0
    } finally {
      await client.close()
    }
  },
}

/** Until Ctrl-C. */
function repeat(show: () => Promise<void>, everyMs: number, clock: Clock): Promise<void> {
  return untilInterrupted(async (interrupted) => {
    while (!interrupted.aborted) {
      await show()
      await clock.sleep(everyMs, interrupted).catch(() => undefined) // cut short: the loop sees why
    }
  })
}

function report(body: unknown): string {
  const { total, tiers, buckets } = recordIn(body)
  const rows = [
    row('total', total),
    ...Object.entries(recordIn(tiers)).map(([name, figures]) => row(`tier ${name}`, figures)),
    ...Object.entries(recordIn(buckets)).map(([name, figures]) => row(`bucket ${printable(name)}`, figures)),
  ]
  return table(head, rows)
}

function row(name: string, figures: unknown): readonly string[] {
  const { hits, misses, hit_rate, evictions, savings, is_estimate, ...current } = recordIn(figures)
  const { current_size_bytes, current_item_count, max_size_bytes } = current
  const about = is_estimate === true ? '~' : ''
  return [
    name,
    countText(Number(hits)),
    countText(Number(misses)),
    shareText(Number(hit_rate)),
    countText(Number(evictions)),
    about + bytesText(Number(current_size_bytes)),
    Number(max_size_bytes) === 0 ? '-' : bytesText(Number(max_size_bytes)),
    about + countText(Number(current_item_count)),
    ...savingsOf(savings),
  ]
}

/** Tiers have none: what is not found in one may be in the next. */
function savingsOf(savings: unknown): readonly string[] {
  if (savings === undefined) return ['-', '-', '-']
  const { origin_bytes_avoided, dollars_saved, dollars_spent } = recordIn(savings)
  return [
    bytesText(Number(origin_bytes_avoided)),
    dollarsText(Number(dollars_saved)),
    dollarsText(Number(dollars_spent)),
  ]
}
