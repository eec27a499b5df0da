import { createSlots } from '../../src/limits/concurrency.ts'
import { slotsContract } from './slots.contract.ts'

slotsContract('of one thread', (options, clock) => createSlots(options, { clock }))
