/**
 * Loaded into every test process before the test file. Node's runner waits without end for a file whose tests are over but
 * whose timers or sockets are not; here that is a failure that says what was left open.
 */
import { after } from 'node:test'

const graceMs = 5_000

if (process.env['NODE_TEST_CONTEXT'] !== undefined) {
  after(() => {
    const report = () => {
      process.stderr.write(
        `the tests are over, but these keep the process alive: ${process.getActiveResourcesInfo()}\n`,
      )
      process.exit(1)
    }
    setTimeout(report, graceMs).unref()
  })
}
