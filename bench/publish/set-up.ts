/** On what the published numbers were measured, and how to measure them again. */
import type { MachineFacts } from '../rig/machine.ts'
import { markdownTable } from './markdown-table.ts'
import { partNames } from './parts.ts'
import type { Published } from './published.ts'

export function setUp(published: Published): string {
  const machines = partNames.flatMap((part) => published[part]?.machine ?? [])
  const facts: readonly (readonly [string, (machine: MachineFacts) => string])[] = [
    ['date, commit', ({ date, commit }) => `${date.slice(0, 10)}, ${commit}`],
    ['machine', ({ cpu, coreCount, memoryGb }) => `${cpu}, ${coreCount} cores, ${memoryGb} GB`],
    ['system', ({ kernel, congestionControl }) => `Linux ${kernel}, TCP ${congestionControl}`],
    ['load average before', ({ loadAverage }) => loadAverage.toFixed(1)],
    [
      'versions',
      ({ versions: { node, nginx, varnish, wrk } }) => `Node ${node}, nginx ${nginx}, Varnish ${varnish}, wrk ${wrk}`,
    ],
    [
      'cores',
      ({ cores }) => `server under test on core ${cores.server}, client on ${cores.client}, origin on ${cores.origin}`,
    ],
  ]
  const rounds = partNames.flatMap((part) => published[part]?.rounds ?? [])
  return `${markdownTable([
    ['', ''],
    // Parts measured apart are told apart.
    ...facts.map(([name, read]) => [name, [...new Set(machines.map(read))].join('; ')]),
    ['rounds', `${[...new Set(rounds)].join('; ')}, the servers taking turns in each; warm-up not counted`],
    [
      'logs',
      'Yatagarasu: a JSON line per request to a file, metrics on; nginx: access log to a file; Varnish: shared memory log only',
    ],
  ])}

The configurations are \`bench/rig/nginx.conf\`, \`bench/rig/varnish.vcl\` and \`bench/rig/yatagarasu.yaml\`, with \`bench/rig/yatagarasu-full.yaml\`
where everything is on, \`bench/rig/yatagarasu-disk.yaml\` for hits from disk and \`bench/rig/yatagarasu-tls.yaml\` for TLS. To reproduce, on a quiet
Linux machine with two cores or more and nginx, Varnish and wrk installed (as root on Debian they are):

\`\`\`
npm ci
npm run bench:publish              # measures, then writes this page and its charts
npm run bench:publish -- --render  # only writes them, from what was measured
\`\`\``
}
