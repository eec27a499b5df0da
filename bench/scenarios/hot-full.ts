/** What does a cached small object cost with everything on that a request can pass? */
import { benchToken } from '../rig/bench-token.ts'
import { hotScenario } from '../rig/hot-load.ts'

export const hotFull = hotScenario({
  name: 'hot-full',
  question:
    'What does a cached small object cost with routing, a remembered token, metrics, an access log and an audit file?',
  size: 1024,
  objects: 100,
  rate: 4_000,
  // All servers are sent the token; only Yatagarasu looks at it.
  headers: { Authorization: `Bearer ${benchToken}` },
  setup: { features: 'all' },
})
