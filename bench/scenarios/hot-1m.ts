/** What does a cached object of one slice cost, where moving bytes is nearly all the work? */
import { hotScenario } from '../rig/hot-load.ts'

export const hot1m = hotScenario({
  name: 'hot-1m',
  question: 'What does a cached object of 1 MiB cost, where moving bytes is nearly all the work?',
  size: 1024 * 1024,
  objects: 20,
  rate: 200,
})
