import { pinThisProcess } from './machine.ts'
import type { Session } from './session.ts'

/** A script is its `main`, which returns the exit code. However that ends, nothing that was started outlives it. */
export async function runScript(session: Session, main: () => Promise<number>): Promise<void> {
  try {
    pinThisProcess(session.cores.client)
    process.exitCode = await main()
  } finally {
    await session.close()
  }
}
