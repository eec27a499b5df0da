import assert from 'node:assert/strict'
import { test } from 'node:test'
import { accessOf, addressOfSentinel, addressOfUrl, usesTls } from '../../../src/redis/options.ts'

const none = { urls: [] as string[], db: 0 }

test('a url says where Redis is', () => {
  assert.deepEqual(addressOfUrl('redis://cache.example:7000/2'), { host: 'cache.example', port: 7000 })
  assert.deepEqual(addressOfUrl('rediss://cache.example'), { host: 'cache.example', port: 6379 })
  assert.deepEqual(addressOfUrl('redis://[::1]:7000'), { host: '::1', port: 7000 })
})

test('a sentinel is a host, with or without its port', () => {
  assert.deepEqual(addressOfSentinel('s1.example'), { host: 's1.example', port: 26379 })
  assert.deepEqual(addressOfSentinel('10.0.0.1:5000'), { host: '10.0.0.1', port: 5000 })
  assert.deepEqual(addressOfSentinel('[::1]:5000'), { host: '::1', port: 5000 })
})

test('user, password and db come from the url, and from their own settings before that', () => {
  const urls = ['redis://us%40er:p%3Aw@cache.example/3']
  assert.deepEqual(accessOf({ urls, db: 0 }), { username: 'us@er', password: 'p:w', db: 3 })
  assert.deepEqual(accessOf({ urls, db: 5, username: 'u', password: 'x' }), { username: 'u', password: 'x', db: 5 })
  assert.deepEqual(accessOf({ urls: ['redis://:only@cache.example'], db: 0 }), { password: 'only', db: 0 })
  assert.deepEqual(accessOf(none), { db: 0 })
})

test('TLS is for rediss urls, and wherever its files are given', () => {
  assert.equal(usesTls({ urls: ['redis://a'] }), false)
  assert.equal(usesTls({ urls: ['rediss://a'] }), true)
  assert.equal(usesTls({ urls: ['redis://a'], tls: {} }), true)
})
