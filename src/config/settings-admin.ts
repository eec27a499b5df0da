/** Who administers the proxy, and where. */

import { listenAddress } from './formats.ts'
import { choice, flag, inherited, list, optionalSection, section, text } from './setting.ts'
import { adminClaim, verification } from './settings-access.ts'

const bearer = section('The one place in a request.', {
  type: choice({
    values: ['bearer_header', 'bearer'],
    required: true,
    example: 'bearer_header',
    help: '`Authorization: Bearer …`.',
  }),
})

const jwt = optionalSection(
  "How administrators' tokens are verified. The keys (`algorithm` to `jwks_url`) are taken from the top-level `jwt` together or not at all.",
  {
    enabled: flag({
      absent: '`true`',
      example: 'true',
      help: '`true` and nothing else: administrators always need a token.',
    }),
    ...inherited('jwt', verification),
    token_sources: list(bearer, {
      mayBeEmpty: false,
      absent: 'a bearer header',
      help: 'A bearer header and nothing else: browsers can be made to send anything else unawares.',
    }),
  },
)

export const admin = section('The administration under `/admin`.', {
  enabled: flag({
    absent: 'on when there are admin claims: here, in `jwt` or in the `jwt` of a bucket',
    example: 'false',
    help: 'Whether there is one. Without, `/admin` is answered with 404.',
  }),
  address: text({
    absent: 'on the main listener',
    example: '"127.0.0.1:9091"',
    format: listenAddress,
    help: 'A listener of its own, `host:port`. It speaks TLS when `server.tls` is there.',
  }),
  claims: list(adminClaim, {
    mayBeEmpty: true,
    absent: 'none, which nobody meets',
    help: 'What a token that `admin.jwt` verifies has to say for its bearer to be an administrator of everything. All must hold.',
  }),
  jwt,
})
