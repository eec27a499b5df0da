/** Rules between the settings of certificates. */

import type { Report } from './problem.ts'
import type { Settings } from './schema.ts'

interface KeyPair {
  readonly cert_path: string | undefined
  readonly key_path: string | undefined
}

/** `at`: the path of the section that holds both. */
export function checkKeyPair({ cert_path, key_path }: KeyPair, at: string, report: Report): void {
  const [cert, key] = [`${at}.cert_path`, `${at}.key_path`] as const
  if (cert_path !== undefined && key_path === undefined) report.contradict([cert, key], 'needs key_path beside it')
  if (key_path !== undefined && cert_path === undefined) report.contradict([key, cert], 'needs cert_path beside it')
}

export function checkServerTls({ server: { tls } }: Settings, report: Report): void {
  if (tls === undefined) return
  checkKeyPair(tls, 'server.tls', report)
  // Nobody who writes `tls` means to serve in the clear.
  if (tls.cert_path === undefined && tls.key_path === undefined && tls.certificates.length === 0)
    report.contradict(
      ['server.tls', 'server.tls.cert_path', 'server.tls.key_path', 'server.tls.certificates'],
      'needs cert_path and key_path, or certificates',
    )
}
