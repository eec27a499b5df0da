import { slotsOfThreads } from '../support/slots-of-threads.ts'
import { slotsContract } from './slots.contract.ts'

slotsContract('shared, by one thread alone', (options, clock) => slotsOfThreads(options, 1, clock).spread)
slotsContract('shared by three threads', (options, clock) => slotsOfThreads(options, 3, clock).spread)
