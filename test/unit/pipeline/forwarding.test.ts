import assert from 'node:assert/strict'
import { test } from 'node:test'
import { forwardable } from '../../../src/pipeline/forwarding.ts'

test('no setting and no Vary can have the origin see what is not for it', () => {
  const credentials = ['authorization', 'proxy-authorization', 'cookie', 'x-amz-date', 'x-amz-security-token']
  const ours = ['host', 'range', 'if-match', 'if-range', 'content-length', 'content-type', 'expect', 'x-correlation-id']
  const ways = ['forwarded', 'x-forwarded-for', 'via']
  const connection = ['connection', 'keep-alive', 'proxy-connection', 'te', 'trailer', 'transfer-encoding', 'upgrade']
  for (const name of [...credentials, ...ours, ...ways, ...connection]) assert.deepEqual(forwardable([name]), [], name)
})

test('everything else may be forwarded, in the order it is named', () => {
  assert.deepEqual(forwardable(['origin', 'te', 'accept-encoding', 'x-tenant']), [
    'origin',
    'accept-encoding',
    'x-tenant',
  ])
})
