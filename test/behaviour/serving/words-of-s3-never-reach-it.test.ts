import assert from 'node:assert/strict'
import { test } from 'node:test'
import { startProxy } from '../../support/start-proxy.ts'

const words =
  'acl attributes delete legal-hold list-type location partNumber policy prefix retention select tagging torrent ' +
  'uploadId uploads versioning versions delimiter marker encoding-type restore ' +
  'X-Amz-Signature X-Amz-Credential x-amz-anything AWSAccessKeyId Signature Expires response-content-type'

for (const query of ['all', { include: words.split(' ') }]) {
  test(`with query: ${typeof query === 'string' ? query : 'include'} no word of S3 reaches S3`, async (t) => {
    const { proxy, origin } = await startProxy(t, { bucket: { cache: { query } } })
    origin.serve('a.txt', 'crow')
    const asked = words
      .split(' ')
      .flatMap((word) => [
        `${word}=1`,
        word,
        `${word.toUpperCase()}=2`,
        `%${word.charCodeAt(0).toString(16)}${word.slice(1)}=3`,
      ])

    for (const fields of asked) assert.equal((await proxy.get(`/b/a.txt?${fields}`)).text, 'crow', fields)

    assert.equal(origin.requests().length, 1)
    assert.equal(origin.requests()[0]?.query, '')
  })
}

test('versionId passes only where it is named', async (t) => {
  const { proxy, origin } = await startProxy(t, { bucket: { cache: { query: 'all' } } })
  origin.serve('a.txt', 'crow')

  await proxy.get('/b/a.txt?versionId=1')

  assert.equal(origin.requests()[0]?.query, '')
})
