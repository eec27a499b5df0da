import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type Admission, Breaker, type BreakerOptions, type BreakerState } from '../../../src/base/breaker.ts'
import { FakeClock } from '../../support/fake-clock.ts'
import { fc } from '../../support/fast-check.ts'

const options: BreakerOptions = { failureThreshold: 3, openForMs: 1000, maxProbes: 2, successThreshold: 2 }

function stage(changes: Partial<BreakerOptions> = {}) {
  const clock = new FakeClock()
  const states: BreakerState[] = []
  const breaker = new Breaker({ ...options, ...changes }, clock, (state) => states.push(state))
  const admitted = (): Admission => {
    const admission = breaker.admit()
    assert.ok(admission)
    return admission
  }
  const fail = (times: number) => {
    for (let time = 0; time < times; time++) breaker.failed(admitted())
  }
  const succeed = (times: number) => {
    for (let time = 0; time < times; time++) breaker.succeeded(admitted())
  }
  return { clock, states, breaker, admitted, fail, succeed }
}

test('failures in a row open it, and a success between them starts the count over', () => {
  const { breaker, states, fail, succeed } = stage()
  fail(2)
  succeed(1)
  fail(2)
  assert.equal(breaker.state, 'closed')
  fail(1)
  assert.equal(breaker.state, 'open')
  assert.equal(breaker.admit(), undefined)
  assert.deepEqual(states, ['open'])
})

test('when its time is over a few are let through, and enough successes close it', async () => {
  const { breaker, clock, states, fail, admitted } = stage()
  fail(3)
  await clock.advance(999)
  assert.equal(breaker.admit(), undefined)
  await clock.advance(1)
  const probes = [admitted(), admitted()]
  assert.equal(breaker.admit(), undefined)
  for (const probe of probes) breaker.succeeded(probe)
  assert.deepEqual(states, ['open', 'half-open', 'closed'])
  fail(2)
  assert.equal(breaker.state, 'closed')
})

test('one failing probe opens it again, for the whole time', async () => {
  const { breaker, clock, fail, admitted } = stage()
  fail(3)
  await clock.advance(1000)
  breaker.succeeded(admitted())
  breaker.failed(admitted())
  assert.equal(breaker.state, 'open')
  await clock.advance(999)
  assert.equal(breaker.admit(), undefined)
  await clock.advance(1)
  admitted()
})

test('a probe that is withdrawn makes room for another and says nothing', async () => {
  const { breaker, clock, fail, admitted } = stage({ maxProbes: 1 })
  fail(3)
  await clock.advance(1000)
  breaker.withdrawn(admitted())
  assert.equal(breaker.state, 'half-open')
  admitted()
  assert.equal(breaker.admit(), undefined)
})

test('what was admitted in an earlier state no longer counts', async () => {
  const { breaker, clock, fail, admitted } = stage()
  const late = [admitted(), admitted(), admitted()]
  fail(3)
  await clock.advance(1000)
  const probe = admitted()
  for (const admission of late) breaker.failed(admission)
  for (const admission of late) breaker.trip(admission)
  assert.equal(breaker.state, 'half-open')
  for (const admission of late) breaker.succeeded(admission)
  for (const admission of late) breaker.withdrawn(admission)
  breaker.succeeded(probe)
  assert.equal(breaker.state, 'half-open')
})

test('word that it works lets a few through before its time, and counts as a success', async () => {
  const { breaker, states, fail, admitted } = stage()
  fail(3)
  breaker.revived()
  assert.equal(breaker.state, 'half-open')
  const probe = admitted()
  admitted()
  assert.equal(breaker.admit(), undefined)
  breaker.succeeded(probe)
  assert.deepEqual(states, ['open', 'half-open', 'closed'])
})

test('word that it works, as often as a success is wanted, closes it without anybody admitted', () => {
  const { breaker, states, fail } = stage()
  breaker.revived()
  fail(3)
  breaker.revived()
  breaker.revived()
  assert.deepEqual(states, ['open', 'half-open', 'closed'])
})

test('it tells for how long it admits nobody', async () => {
  const { breaker, clock, fail, admitted } = stage()
  assert.equal(breaker.refusesForMs, 0)
  fail(3)
  assert.equal(breaker.refusesForMs, 1000)
  await clock.advance(400)
  assert.equal(breaker.refusesForMs, 600)
  await clock.advance(700)
  assert.equal(breaker.refusesForMs, 0)
  admitted()
  assert.equal(breaker.refusesForMs, 0)
})

test('a trip opens it at once', async () => {
  const { breaker, clock, admitted } = stage()
  breaker.trip(admitted())
  assert.equal(breaker.state, 'open')
  await clock.advance(1000)
  breaker.trip(admitted())
  assert.equal(breaker.state, 'open')
})

test('a share of failures opens it, once there are enough outcomes', () => {
  const { breaker, fail, succeed } = stage({ rate: { share: 0.5, windowMs: 10_000, minOutcomes: 8 } })
  for (let time = 0; time < 3; time++) {
    fail(1)
    succeed(1)
  }
  succeed(1)
  assert.equal(breaker.state, 'closed')
  fail(1)
  assert.equal(breaker.state, 'open')
})

test('failures of long ago do not count towards the share', async () => {
  const { breaker, clock, fail, succeed } = stage({
    failureThreshold: 100,
    rate: { share: 0.5, windowMs: 10_000, minOutcomes: 4 },
  })
  fail(3)
  await clock.advance(10_000)
  succeed(1)
  fail(2)
  assert.equal(breaker.state, 'closed')
  await clock.advance(5000)
  fail(1)
  assert.equal(breaker.state, 'open')
})

/** Every admission is told apart from the outcomes that come too late by the period it belongs to. */
class Model {
  state: BreakerState = 'closed'
  nowMs = 0
  openedAtMs = 0
  row = 0
  probes = 0
  successes = 0
  period = 0
  readonly given: { readonly period: number; readonly admission: Admission }[] = []

  enter(state: BreakerState): void {
    Object.assign(this, { state, row: 0, probes: 0, successes: 0, period: this.period + 1, openedAtMs: this.nowMs })
  }
}

interface Real {
  readonly breaker: Breaker
  readonly clock: FakeClock
}

type Command = fc.AsyncCommand<Model, Real>
const always = () => true

const admit = (): Command => ({
  check: always,
  async run(model, { breaker }) {
    if (model.state === 'open' && model.nowMs - model.openedAtMs >= options.openForMs) model.enter('half-open')
    const expected = model.state === 'closed' || (model.state === 'half-open' && model.probes < options.maxProbes)
    const admission = breaker.admit()
    assert.equal(admission !== undefined, expected)
    if (admission === undefined) return
    if (model.state === 'half-open') model.probes++
    model.given.push({ period: model.period, admission })
  },
  toString: () => 'admit',
})

const outcome = (kind: 'succeeded' | 'failed' | 'withdrawn' | 'trip', which: number): Command => ({
  check: ({ given }) => given.length > 0,
  async run(model, { breaker }) {
    const [given] = model.given.splice(which % model.given.length, 1)
    assert.ok(given)
    breaker[kind](given.admission)
    if (given.period === model.period) count(model, kind)
    assert.equal(breaker.state, model.state)
  },
  toString: () => kind,
})

function count(model: Model, kind: 'succeeded' | 'failed' | 'withdrawn' | 'trip'): void {
  const isHalfOpen = model.state === 'half-open'
  if (isHalfOpen) model.probes--
  if (kind === 'succeeded') {
    model.row = 0
    if (isHalfOpen) model.successes++
    if (model.successes >= options.successThreshold) model.enter('closed')
  } else if (kind === 'failed') {
    model.row++
    if (isHalfOpen || model.row >= options.failureThreshold) model.enter('open')
  } else if (kind === 'trip') model.enter('open')
}

const revive = (): Command => ({
  check: always,
  async run(model, { breaker }) {
    if (model.state === 'open') model.enter('half-open')
    if (model.state === 'half-open' && ++model.successes >= options.successThreshold) model.enter('closed')
    breaker.revived()
    assert.equal(breaker.state, model.state)
  },
  toString: () => 'revive',
})

const pass = (ms: number): Command => ({
  check: always,
  async run(model, { clock }) {
    await clock.advance(ms)
    model.nowMs += ms
  },
  toString: () => `pass ${ms}`,
})

test('it does what its table says, whatever comes in whatever order', async () => {
  const commands = fc.commands(
    [
      fc.constant(admit()),
      fc.constant(revive()),
      fc
        .tuple(fc.constantFrom('succeeded', 'failed', 'failed', 'withdrawn', 'trip'), fc.nat(20))
        .map(([kind, which]) => outcome(kind, which)),
      fc.constantFrom(1, 400, 1000).map(pass),
    ],
    { maxCommands: 100 },
  )
  await fc.assert(
    fc.asyncProperty(commands, async (chosen) => {
      const clock = new FakeClock()
      await fc.asyncModelRun(
        () => ({ model: new Model(), real: { breaker: new Breaker(options, clock), clock } }),
        chosen,
      )
    }),
    { numRuns: 300 },
  )
})
