/**
 * A process that audits without end, to be killed: lines numbered from 0 on, to S3. Says now and then how many of them
 * are in the spool.
 *
 *   node audit-recorder.ts OPTIONS-AS-JSON
 */
import { S3Sink, type S3SinkOptions } from '../../src/audit/s3-sink.ts'
import { systemClock } from '../../src/base/clock.ts'
import { systemRandom } from '../../src/base/random.ts'
import { createCredentialSource } from '../../src/origin/credentials.ts'
import { numberedLines, RecordedSinkEvents } from './sink-events.ts'

const options = JSON.parse(process.argv[2] ?? '{}') as S3SinkOptions
const sink = await S3Sink.open(options, {
  clock: systemClock,
  random: systemRandom,
  events: new RecordedSinkEvents(),
  credentials: createCredentialSource(options.credentials, options.region, systemClock),
  hostname: 'recorder',
})
for (let first = 0; ; first += 100) {
  for (const line of numberedLines(100, first)) sink.record(line)
  await systemClock.sleep(5)
  process.stdout.write(`${first + 100 - sink.depth}\n`)
}
