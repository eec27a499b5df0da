/** What does a small object cost that only the disk tier holds, its file in the page cache? */
import { hotScenario } from '../rig/hot-load.ts'

export const disk4k = hotScenario({
  name: 'disk-4k',
  question: 'What does a small object cost that only the disk tier holds?',
  size: 4 * 1024,
  objects: 100,
  rate: 2_000,
  tier: 'disk',
  rivals: ['nginx', 'read-stream'],
})
