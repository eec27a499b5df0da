/** What does a cached small object cost, where all the work is per request and none per byte? */
import { hotScenario } from '../rig/hot-load.ts'

export const hot1k = hotScenario({
  name: 'hot-1k',
  question: 'What does a cached small object cost, where all the work is per request?',
  size: 1024,
  objects: 100,
  rate: 4_000,
})
