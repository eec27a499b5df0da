/** What does a cached object of the size of an image cost, where requests and bytes weigh alike? */
import { hotScenario } from '../rig/hot-load.ts'

export const hot100k = hotScenario({
  name: 'hot-100k',
  question: 'What does a cached object of the size of an image cost?',
  size: 100 * 1024,
  objects: 100,
  rate: 2_000,
})
