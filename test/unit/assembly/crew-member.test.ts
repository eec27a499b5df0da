/** One thread of a crew, and the configurations it is given. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { CrewMember } from '../../../src/assembly/crew-member.ts'
import type { WorkerCalls } from '../../../src/assembly/worker-app.ts'
import type { Config } from '../../../src/config/config.ts'
import type { Numbered } from '../../../src/workers/life-calls.ts'
import { type Link, LinkClosed } from '../../../src/workers/link.ts'

const numbered = (number: number): Numbered => ({ number, config: {} as Config })

/** `failure`: of whatever the thread is asked to do. */
function memberOf(failure?: Error) {
  const asked: string[] = []
  const act = async (name: string, argument: unknown) => {
    asked.push(name === 'prepare' ? `prepare ${(argument as Numbered).number}` : name)
    if (failure !== undefined) throw failure
  }
  const link = { call: act, tell: act } as unknown as Link<WorkerCalls>
  const member = new CrewMember({ worker: { terminate: async () => 0 }, link, startedMs: 0, has: 1 })
  return { member, asked }
}

test('what was prepared is taken up, and what it has already is not taken up again', async () => {
  const { member, asked } = memberOf()
  await member.prepare(numbered(2))
  await member.takeUp(numbered(2))
  await member.takeUp(numbered(2))
  assert.deepEqual(asked, ['prepare 2', 'commit'])
})

test('who comes late takes up one configuration, though the next one is being prepared', async () => {
  const { member, asked } = memberOf()
  await Promise.all([member.takeUp(numbered(2)), member.prepare(numbered(3)), member.takeUp(numbered(3))])
  assert.deepEqual(asked, ['prepare 2', 'commit', 'prepare 3', 'commit'])
})

test('what is discarded is made anew when it is wanted after all', async () => {
  const { member, asked } = memberOf()
  await member.prepare(numbered(2))
  member.discard()
  await member.takeUp(numbered(3))
  assert.deepEqual(asked, ['prepare 2', 'discard', 'prepare 3', 'commit'])
})

test('a thread that cannot make a configuration says so, and takes up the next one', async () => {
  const { member } = memberOf(new Error('no such file'))
  await assert.rejects(member.prepare(numbered(2)), /no such file/)
  await assert.rejects(member.takeUp(numbered(3)), /no such file/)
})

test('a thread that ends has nothing against any configuration', async () => {
  const { member } = memberOf(new LinkClosed('it has ended'))
  await member.prepare(numbered(2))
  await member.takeUp(numbered(2))
})
