import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setImmediate as turn } from 'node:timers/promises'
import { createApp } from '../../../src/app.ts'
import { systemClock } from '../../../src/base/clock.ts'
import { parseConfig } from '../../../src/config/load.ts'
import { createLogger } from '../../../src/observe/logger.ts'
import { makeCertificates } from '../../support/certificates.ts'
import { FakeClock } from '../../support/fake-clock.ts'
import { createFakeRandom } from '../../support/fake-random.ts'
import { configFor, type ProxySettings } from '../../support/start-proxy.ts'

const nowhere = 'http://127.0.0.1:9'

function configOf(settings: ProxySettings) {
  const loaded = parseConfig(JSON.stringify(configFor(nowhere, settings)), {})
  if (loaded.kind === 'problems') throw new Error('a config that is none')
  return loaded.config
}

test('of a config that is refused at its last part, nothing goes on working', async (t) => {
  const { server: paths } = await makeCertificates(t)
  const server = { tls: { cert_path: paths.certPath, key_path: paths.keyPath } }
  const clock = new FakeClock()
  const log = createLogger({ level: 'info', format: 'json' }, systemClock, { write: () => {} })
  const app = await createApp(configOf({ server }), { clock, random: createFakeRandom(), log, version: '0' })
  t.after(() => app.close())
  await app.listen()
  const waiting = clock.waiting
  const { server: next, ...rest } = configOf({ server, bucket: { jwt: { jwks_url: `${nowhere}/keys` } } })
  const certificates = [{ cert: 'none', key: 'none' }]

  await assert.rejects(app.reload({ ...rest, server: { ...next, tls: { minVersion: 'TLSv1.2', certificates } } }))

  while (clock.waiting > waiting) await turn() // the fetch of its keys is given up, and not tried again
})
