/** Every number the bench reports: its words, its unit and its printing, once. */

export type MetricName =
  | 'requestsPerSecond'
  | 'megabytesPerSecond'
  | 'cpuMicros'
  | 'pacedCpuMicros'
  | 'busyShare'
  | 'offeredRate'
  | 'workers'
  | 'p50Ms'
  | 'p95Ms'
  | 'p99Ms'
  | 'clientLateMs'
  | 'firstByteP50Ms'
  | 'firstByteP99Ms'
  | 'peakRssMb'
  | 'originRequests'
  | 'originPerRequest'
  | 'originCopies'
  | 'requests'
  | 'bytes'
  | 'errors'

export interface MetricDefinition {
  readonly name: MetricName
  readonly label: string
  print(value: number): string
  /** Shown beside each rival's own number as ours / theirs. */
  readonly hasRatio?: boolean
}

const count = (value: number) => Math.round(value).toLocaleString('en-US')
const millis = (value: number) => (value >= 1_000 ? `${(value / 1_000).toFixed(2)} s` : `${threeDigits(value)} ms`)

/** In the order of the columns. */
export const metricDefinitions: readonly MetricDefinition[] = [
  { name: 'workers', label: 'workers', print: count },
  { name: 'offeredRate', label: 'offered requests/s', print: count },
  { name: 'requestsPerSecond', label: 'requests/s', print: threeDigits, hasRatio: true },
  { name: 'megabytesPerSecond', label: 'MB/s', print: threeDigits, hasRatio: true },
  { name: 'cpuMicros', label: 'CPU/request', print: micros, hasRatio: true },
  { name: 'pacedCpuMicros', label: 'CPU/request at fixed rate', print: micros, hasRatio: true },
  { name: 'busyShare', label: 'core busy', print: (value) => `${Math.round(value * 100)} %` },
  { name: 'p50Ms', label: 'p50', print: millis, hasRatio: true },
  { name: 'p95Ms', label: 'p95', print: millis, hasRatio: true },
  { name: 'p99Ms', label: 'p99', print: millis, hasRatio: true },
  { name: 'clientLateMs', label: 'client late, p99', print: millis },
  { name: 'firstByteP50Ms', label: 'first byte p50', print: millis },
  { name: 'firstByteP99Ms', label: 'first byte p99', print: millis },
  { name: 'peakRssMb', label: 'peak RSS', print: (value) => `${Math.round(value)} MB` },
  { name: 'originRequests', label: 'origin requests', print: count },
  { name: 'originPerRequest', label: 'origin requests/request', print: (value) => value.toFixed(3) },
  { name: 'originCopies', label: 'origin bytes / object', print: (value) => value.toFixed(2) },
  { name: 'requests', label: 'requests', print: count },
  { name: 'bytes', label: 'MB received', print: (value) => count(value / 1e6) },
  { name: 'errors', label: 'errors', print: count },
]

function micros(value: number): string {
  return value >= 10_000 ? `${threeDigits(value / 1_000)} ms` : `${threeDigits(value)} µs`
}

/** Three significant digits, which is more than a shared machine can promise. */
function threeDigits(value: number): string {
  if (value >= 1_000) return count(value)
  if (value >= 100) return value.toFixed(0)
  if (value >= 10) return value.toFixed(1)
  return value.toFixed(2)
}
