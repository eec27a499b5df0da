/** What does an object of the size of an image cost that only the disk tier holds, its file in the page cache? */
import { hotScenario } from '../rig/hot-load.ts'

export const disk100k = hotScenario({
  name: 'disk-100k',
  question: 'What does an object of the size of an image cost that only the disk tier holds?',
  size: 100 * 1024,
  objects: 100,
  rate: 1_000,
  tier: 'disk',
  rivals: ['nginx', 'read-stream'],
})
