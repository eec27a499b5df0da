import { originAt } from '../unit/origin/rig.ts'
import { originContract } from './origin.contract.ts'
import { startPlainS3 } from './plain-s3.ts'

originContract('S3 origin', async (t) => {
  const { endpoint, put } = await startPlainS3(t)
  return { origin: originAt(t, endpoint).origin, bucket: 'films', put }
})
