/** What does it cost a hit that its bucket asks for a token, once the token is known? Both servers are sent it. */
import { benchToken } from '../rig/bench-token.ts'
import { hotScenario } from '../rig/hot-load.ts'

export const hotToken = hotScenario({
  name: 'hot-token',
  question: 'What does it cost a hit that its bucket asks for a token, once the token is known?',
  size: 1024,
  objects: 100,
  rate: 4_000,
  headers: { Authorization: `Bearer ${benchToken}` },
  rivals: ['protected'],
})
