const groupsOfNetwork = 4

/**
 * Whom an address stands for when requests are counted: a v4 address for itself, a v6 one for its /64, since a host may take
 * any address of that. `address` is spelt as `canonicalAddress` does; empty stays empty.
 */
export function addressBlock(address: string): string {
  if (!address.includes(':')) return address
  const gap = address.indexOf('::')
  const before = groupsOf(gap === -1 ? address : address.slice(0, gap))
  const network = before.slice(0, groupsOfNetwork)
  if (network.length < groupsOfNetwork) {
    const after = groupsOf(address.slice(gap + 2))
    const zeros = 8 - before.length - after.length
    for (let group = before.length; group < groupsOfNetwork; group++) {
      network.push(after[group - before.length - zeros] ?? '0')
    }
  }
  while (network.at(-1) === '0') network.pop()
  return `${network.join(':')}::`
}

function groupsOf(text: string): string[] {
  return text === '' ? [] : text.split(':')
}
