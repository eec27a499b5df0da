/** What naming a record costs on every request, and reading its bucket back on every hit. */

import { bucketOf, CacheKey } from '../../src/cache/cache-key.ts'
import { measure } from './measure.ts'

let kept = 0

await measure('new CacheKey, nothing to escape', 1e6, (times) => {
  for (let index = 0; index < times; index++) kept += new CacheKey('media', `films/2026/${index}/poster.jpg`).id.length
})

await measure('new CacheKey, spaces and a colon', 1e6, (times) => {
  for (let index = 0; index < times; index++) kept += new CacheKey('media', `films 2026/${index}: poster.jpg`).id.length
})

const key = new CacheKey('media', 'films/2026/poster.jpg')
await measure('sliceId', 1e6, (times) => {
  for (let index = 0; index < times; index++) kept += key.sliceId(index).length
})

await measure('bucketOf', 1e6, (times) => {
  for (let index = 0; index < times; index++) kept += bucketOf(key.id).length
})

if (kept === 0) throw new Error('nothing was measured')
