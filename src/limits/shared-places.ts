/** What one of those who share places has of them. */
export class Holding {
  taken = 0
  /** Kept for this one, whether it takes them or not. */
  promised = 0
}

/**
 * A number of places, or of bytes, that several share. Half of them are promised, in equal parts; the rest are common, for whoever comes
 * first:
 *
 *     promised to each of n = ⌊max / 2n⌋        common = max − n × promised
 *
 * Nobody is given what is promised to another, free or not. So nobody can take all of them, nobody is refused its part
 * whatever the others do, and together they never take more than n × promised + common = `max`. Where `max` is less than 2n,
 * nothing is promised.
 */
export class SharedPlaces {
  /** Below 0 once `max` has become less than what is taken. */
  #commonLeft = 0

  /** A common place is free: anybody could take it. */
  get hasCommon(): boolean {
    return this.#commonLeft > 0
  }

  /** All or nothing. False: there are not so many for this one. */
  take(holding: Holding, count = 1): boolean {
    const common = beyondPromised(holding.taken + count, holding) - beyondPromised(holding.taken, holding)
    if (common > 0 && common > this.#commonLeft) return false
    this.#commonLeft -= common
    holding.taken += count
    return true
  }

  give(holding: Holding, count = 1): void {
    const before = beyondPromised(holding.taken, holding)
    holding.taken -= count
    this.#commonLeft += before - beyondPromised(holding.taken, holding)
  }

  /** Anew among `sharing`. `former` keep what they have taken, and are promised nothing. */
  divide(max: number, sharing: readonly Holding[], former: readonly Holding[]): void {
    const promised = Math.floor(max / (2 * Math.max(1, sharing.length)))
    for (const holding of sharing) holding.promised = promised
    for (const holding of former) holding.promised = 0
    this.#commonLeft = max - sharing.length * promised
    for (const holding of [...sharing, ...former]) this.#commonLeft -= beyondPromised(holding.taken, holding)
  }
}

/** How many of `taken` places are common ones. */
function beyondPromised(taken: number, { promised }: Holding): number {
  return Math.max(0, taken - promised)
}
