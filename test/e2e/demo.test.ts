import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { request } from 'undici'
import { startDemo } from '../support/proxy-process.ts'

/** The URL and the fields of a printed curl line. */
function readCurl(line: string): { url: string; headers: Record<string, string> } {
  const [url = ''] = /http:\S+/.exec(line) ?? []
  const [, name = '', value = ''] = /-H '(\w+): ([^']+)'/.exec(line) ?? []
  const [, range] = /-r (\S+)/.exec(line) ?? []
  return { url, headers: { ...(name && { [name]: value }), ...(range && { range: `bytes=${range}` }) } }
}

async function ask(url: string, headers: Record<string, string> = {}) {
  const { statusCode, headers: fields, body } = await request(url, { headers, reset: true })
  return { status: statusCode, cache: fields['x-cache'], text: await body.text() }
}

async function printedLines(t: TestContext) {
  const demo = await startDemo(t)
  const lines = demo.stdout.filter((line) => line.includes('curl'))
  assert.equal(lines.length, 3)
  return lines.map(readCurl)
}

test('the lines that the demo prints do what they say', async (t) => {
  const [hello, video, letter] = await printedLines(t)
  assert.ok(hello && video && letter)

  assert.deepEqual(await ask(hello.url), {
    status: 200,
    cache: 'MISS',
    text: 'Hello from behind the crow with three legs.\n',
  })
  assert.equal((await ask(hello.url)).cache, 'HIT')
  assert.equal((await ask(video.url, video.headers)).status, 206)
  assert.deepEqual(await ask(letter.url, letter.headers), { status: 200, cache: 'MISS', text: 'For your eyes only.\n' })
  assert.equal((await ask(letter.url)).status, 401)
  assert.equal((await ask(letter.url, { Authorization: `${letter.headers['Authorization']}x` })).status, 401)
})
