import assert from 'node:assert/strict'
import test from 'node:test'
import { configOf, oneBucket, problemsOf, warningsOf } from './parse-yaml.ts'

const webhook = (settings: string) => `webhooks: [{ ${settings} }]\n${oneBucket}`
const more = 'secret: s, events: [purge]'

test('a webhook arrives as it is', () => {
  const url = 'https://hooks.example/a?b=c'
  const { webhooks } = configOf(webhook(`url: "${url}", secret: s, events: [purge, auth_denied]`))
  assert.deepEqual(webhooks, [{ url, secret: 's', events: ['purge', 'auth_denied'] }])
})

const refused: readonly (readonly [settings: string, ...problems: string[]])[] = [
  ['', 'url (line 1): is required', 'secret (line 1): is required', 'events (line 1): is required'],
  [
    `url: "ftp://h/", ${more}`,
    'url (line 1): must be an http or https URL, such as https://hooks.example.com/yatagarasu',
  ],
  [`url: "https://u:p@h/", ${more}`, 'url (line 1): must not hold a user or a password'],
  [`url: "https://h:x/", ${more}`, 'url (line 1): must be a valid URL'],
  ['url: "https://h/", secret: "", events: [purge]', 'secret (line 1): is required'],
  ['url: "https://h/", secret: s, events: []', 'events (line 1): must not be empty'],
  ['url: "https://h/", secret: s, events: [purge, purge]', 'events[1] (line 1): repeats an earlier item'],
  [
    'url: "https://h/", secret: s, events: [purges]',
    'events[0] (line 1): must be one of purge, reload, breaker, origin_health, auth_denied, did you mean "purge"?',
  ],
]

for (const [settings, ...problems] of refused) {
  test(`a webhook that says { ${settings} } is refused`, () => {
    assert.deepEqual(
      problemsOf(webhook(settings)),
      problems.map((problem) => `webhooks[0].${problem}`),
    )
  })
}

test('http is warned about where anybody could listen', () => {
  const at = (url: string) => warningsOf(webhook(`url: "${url}", ${more}`))
  assert.deepEqual(at('http://h/'), ['webhooks[0].url (line 1): is http: anybody on the way can read what is sent'])
  assert.deepEqual(at('http://127.0.0.1:81/'), [])
  assert.deepEqual(at('https://h/'), [])
})
