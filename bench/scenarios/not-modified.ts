/** What does it cost to tell a client that what it has is still right? */
import { hotScenario } from '../rig/hot-load.ts'

export const notModified = hotScenario({
  name: 'not-modified',
  question: 'What does a 304 to If-None-Match cost?',
  size: 1024,
  // wrk sends the same headers with every request, and each object has its own ETag.
  objects: 1,
  rate: 4_000,
  isConditional: true,
})
