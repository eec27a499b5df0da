import assert from 'node:assert/strict'
import type { IncomingMessage, ServerResponse } from 'node:http'
import test from 'node:test'
import type { EpochMs } from '../../src/base/types.ts'
import { parseRequest } from '../../src/http/parse-request.ts'
import { Refusal } from '../../src/http/refusal.ts'
import { FakeClock } from '../support/fake-clock.ts'
import { createFakeRandom } from '../support/fake-random.ts'
import { fc } from '../support/fast-check.ts'

const limits = { maxUriLength: 200, maxRequestBodyBytes: 0 }

function parse(url: string, host: string | undefined = 'a', fields: Readonly<Record<string, string>> = {}) {
  const headers = host === undefined ? fields : { ...fields, host }
  const message = { url, method: 'GET', headers, httpVersion: '1.1', rawHeaders: Object.entries(headers).flat() }
  const bodies = { clock: new FakeClock(), requestTimeoutMs: 1 }
  const line = { watchBody: () => () => {}, closeLingering() {} }
  const arrival = { message: message as unknown as IncomingMessage, response: {} as ServerResponse, line, bodies }
  return parseRequest({ ...arrival, clientAddress: '', receivedAt: 0 as EpochMs }, limits, createFakeRandom())
}

const visible = fc.string({
  unit: fc.integer({ min: 0x21, max: 0x7e }).map((code) => String.fromCharCode(code)),
  maxLength: 60,
})

test('path and query are the target itself, cut at its first question mark', () => {
  fc.assert(
    fc.property(visible, (rest) => {
      const request = parse(`/${rest}`)
      if (request instanceof Refusal) return assert.ok(rest.includes('#'))
      assert.ok(!request.path.includes('?'))
      assert.equal(rest.includes('?') ? `${request.path}?${request.query}` : request.path, `/${rest}`)
    }),
  )
})

test('an absolute target is asked of its own host like the same path is of that host', () => {
  const host = fc.stringMatching(/^[A-Za-z0-9.-]{1,20}$/)
  fc.assert(
    fc.property(host, visible, (name, rest) => {
      const absolute = parse(`http://${name}/${rest}`, 'other')
      const origin = parse(`/${rest}`, name)
      if (absolute instanceof Refusal || origin instanceof Refusal) {
        return assert.ok(absolute instanceof Refusal && origin instanceof Refusal)
      }
      assert.deepEqual([absolute.host, absolute.path, absolute.query], [origin.host, origin.path, origin.query])
    }),
  )
})

test('any target and any Host is a request or a refusal, and a request names a path and a host fit to route by', () => {
  fc.assert(
    fc.property(
      fc.oneof(visible, fc.string()),
      fc.option(fc.oneof(visible, fc.string()), { nil: undefined }),
      (url, host) => {
        const request = parse(url, host)
        if (request instanceof Refusal) return
        assert.match(request.path, /^\/[^?#]*$/s)
        assert.match(request.host, /^(\[[0-9a-f:.]+\]|[^\s:,/?#@[\]A-Z]*)$/)
      },
    ),
    { numRuns: 500 },
  )
})

test('a correlation id is the one given or a fresh one, and never anything that needs quoting', () => {
  const given = fc.oneof(fc.string(), fc.stringMatching(/^[A-Za-z0-9._-]{1,140}$/))
  fc.assert(
    fc.property(given, (id) => {
      const request = parse('/', 'a', { 'x-correlation-id': id })
      assert.ok(!(request instanceof Refusal))
      assert.match(request.id, /^[A-Za-z0-9._-]{1,128}$/)
      if (/^[A-Za-z0-9._-]{1,128}$/.test(id)) assert.equal(request.id, id)
    }),
  )
})

test('whatever is no length of zero and no absence of one is a body', () => {
  fc.assert(
    fc.property(fc.nat(), (length) => {
      const request = parse('/', 'a', { 'content-length': `${length}` })
      assert.equal(request instanceof Refusal || request.hasBody, length > 0)
    }),
  )
})
