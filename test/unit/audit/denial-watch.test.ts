import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createDenialWatch, type RepeatedDenials } from '../../../src/audit/denial-watch.ts'
import { FakeClock } from '../../support/fake-clock.ts'

function stage() {
  const clock = new FakeClock()
  const told: RepeatedDenials[] = []
  const watch = createDenialWatch({ clock, repeated: (denials) => told.push(denials) })
  const deny = (times: number, address = '192.0.2.1', subject?: string) => {
    for (let count = 0; count < times; count += 1) watch.denied(address, subject)
  }
  return { clock, told, deny }
}

test('twenty denials of one address are told of, with whom its last token named', () => {
  const { told, deny } = stage()
  deny(19)
  assert.deepEqual(told, [])
  deny(1, '192.0.2.1', 'mallory')
  assert.deepEqual(told, [{ client_ip: '192.0.2.1', user: 'mallory', denials: 20 }])
})

test('they count within a minute, wherever it begins', async () => {
  const { clock, told, deny } = stage()
  deny(1)
  await clock.advance(1)
  deny(18)
  await clock.advance(60_000)
  deny(1)
  assert.deepEqual(told, [])
  deny(1)
  assert.equal(told.length, 1)
})

test('an address is told of once in ten minutes, with all that came meanwhile', async () => {
  const { clock, told, deny } = stage()
  deny(100)
  await clock.advance(599_999)
  deny(30)
  assert.deepEqual(
    told.map(({ denials }) => denials),
    [20],
  )
  await clock.advance(1)
  deny(1)
  assert.deepEqual(
    told.map(({ denials }) => denials),
    [20, 111],
  )
})

test('addresses are counted apart, and the ten thousand latest of them', () => {
  const { told, deny } = stage()
  deny(19, 'first')
  deny(19, 'second')
  for (let count = 0; count < 9998; count += 1) deny(1, `other ${count}`)
  deny(1, 'first')
  deny(1, 'one more')
  deny(1, 'second')
  assert.deepEqual(
    told.map(({ client_ip }) => client_ip),
    ['first'],
  )
  assert.equal(told[0]?.user, null)
})
