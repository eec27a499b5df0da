import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Span } from '../../../src/observe/span.ts'
import { RequestTimeline } from '../../../src/observe/timeline.ts'
import { FakeClock } from '../../support/fake-clock.ts'

const context = { traceId: 'a'.repeat(32), spanId: 'b'.repeat(16), isSampled: true, state: '' }

function startTimeline() {
  const clock = new FakeClock()
  const spans: Span[] = []
  let ids = 0
  const id = (bytes: number) => String(++ids).padStart(bytes * 2, '0')
  const sink = { emit: (span: Span) => void spans.push(span), close: async () => {} }
  const timeline = new RequestTimeline({ clock, id }, { context, parentSpanId: undefined, sink }, [])
  const end = () => {
    timeline.close()
    timeline.tell({ name: 'GET b', attributes: {}, error: undefined })
  }
  return { timeline, clock, spans, end, sumOf: () => Object.fromEntries(timeline.sums) }
}

test('an exchange is told in its parts, as far as it came', async () => {
  const { timeline, clock, sumOf } = startTimeline()
  const step = timeline.begin('origin')
  await clock.advance(5)
  step.reached('sent')
  await clock.advance(20)
  step.reached('answered')
  await clock.advance(300)
  step.end()
  const failed = timeline.begin('origin')
  await clock.advance(1000)
  failed.end({ 'error.type': 'OriginUnreachable' })

  assert.deepEqual(sumOf(), { origin_connect: 1005, origin_first_byte: 20, origin_body: 300 })
})

test('what a failure leaves open ends with the head; the exchange with the origin goes on', async () => {
  const { timeline, clock, spans, sumOf } = startTimeline()
  timeline.begin('redis')
  const exchange = timeline.begin('origin')
  await clock.advance(10)
  timeline.headKnown()
  assert.deepEqual(
    spans.map(({ name }) => name),
    ['cache.get redis'],
  )
  await clock.advance(5)
  timeline.close()
  assert.deepEqual(sumOf(), { redis: 10, origin_connect: 15, send: 5 })

  exchange.reached('sent')
  exchange.end()
  assert.equal(spans.at(-1)?.name, 'origin GET')
})

test('a step that is ended twice is told once', () => {
  const { timeline, spans } = startTimeline()
  const step = timeline.begin('memory')
  step.end()
  step.end()
  assert.equal(spans.length, 1)
})

test('times are those of the wall, steps under the request', async () => {
  const { timeline, clock, spans, end } = startTimeline()
  const startedAt = clock.now()
  await clock.advance(3)
  const step = timeline.begin('disk')
  await clock.advance(4)
  step.end()
  end()

  const [looked, request] = spans
  assert.deepEqual([looked?.startedAt, looked?.endedAt], [startedAt + 3, startedAt + 7])
  assert.deepEqual([request?.startedAt, request?.endedAt], [startedAt, startedAt + 7])
  assert.equal(looked?.parentSpanId, request?.context.spanId)
})

test('a request tells of 128 steps, and how many it has left out; the sums are of all', async () => {
  const { timeline, clock, spans, end, sumOf } = startTimeline()
  for (let times = 0; times < 200; times++) {
    const step = timeline.begin('disk')
    await clock.advance(1)
    step.end()
  }
  end()
  assert.equal(spans.length, 129)
  assert.equal(spans.at(-1)?.attributes['yatagarasu.steps_left_out'], 72)
  assert.deepEqual(sumOf(), { disk: 200 })
})
