/** Which client addresses a bucket admits. */

import { isIP } from 'node:net'
import type { AddressSet } from '../http/address-set.ts'

export interface AddressLists {
  readonly allow: AddressSet
  readonly block: AddressSet
}

/** True: admitted. Takes the spelling `AddressSet.has` takes; empty when the address is not known. */
export type AddressRule = (address: string) => boolean

/**
 * An empty list is no list. An allowlist admits its members and nobody else, whatever the blocklist says of them. With
 * either list an unknown address is refused: whoever hides it must not be better off than whoever is listed.
 */
export function createAddressRule({ allow, block }: AddressLists): AddressRule {
  if (!allow.isEmpty) return (address) => allow.has(address)
  if (!block.isEmpty) return (address) => isIP(address) !== 0 && !block.has(address)
  return () => true
}
