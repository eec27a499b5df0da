/** What does a cached small object cost over TLS? Varnish has none of its own. */
import { hotScenario } from '../rig/hot-load.ts'

export const hotTls = hotScenario({
  name: 'hot-tls',
  question: 'What does a cached small object cost over TLS 1.3, on connections that stay open?',
  size: 1024,
  objects: 100,
  rate: 4_000,
  setup: { isTls: true },
  rivals: ['nginx'],
})
