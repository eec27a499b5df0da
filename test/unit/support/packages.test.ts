import assert from 'node:assert/strict'
import { test } from 'node:test'
import { complaint, missingFrom, needs } from '../../support/packages.ts'

test('only programs that are not there are missing', () => {
  const find = (program: string) => (program === 'ceph-mon' ? undefined : `/usr/bin/${program}`)
  assert.deepEqual(missingFrom(needs.s3, find), ['ceph-mon'])
  assert.deepEqual(missingFrom(needs.redis, find), [])
})

test('the complaint names the programs, the packages, the way around and why installing failed', () => {
  const need = { programs: ['no-such-program'], packages: ['no-such-package'], instead: 'set NO_SUCH_URL' }
  const text = complaint([need], 'there is no apt-get here')
  for (const word of ['no-such-program', 'no-such-package', 'NO_SUCH_URL', 'there is no apt-get here']) {
    assert.ok(text.includes(word), word)
  }
})
