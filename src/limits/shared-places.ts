/** What one of those who share places has of them. */
export class Holding {
  taken = 0
  /** Kept for this one, whether it takes them or not. */
  promised = 0
}

/**
 * A number of places that several share. Half of them are promised, in equal parts; the rest are common, for whoever comes
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

  /** False: there is none for this one. */
  take(holding: Holding): boolean {
    if (holding.taken >= holding.promised) {
      if (this.#commonLeft <= 0) return false
      this.#commonLeft -= 1
    }
    holding.taken += 1
    return true
  }

  give(holding: Holding): void {
    holding.taken -= 1
    if (holding.taken >= holding.promised) this.#commonLeft += 1
  }

  /** Anew among `sharing`. `former` keep what they have taken, and are promised nothing. */
  divide(max: number, sharing: readonly Holding[], former: readonly Holding[]): void {
    const promised = Math.floor(max / (2 * Math.max(1, sharing.length)))
    for (const holding of sharing) holding.promised = promised
    for (const holding of former) holding.promised = 0
    this.#commonLeft = max - sharing.length * promised
    for (const { taken } of sharing) this.#commonLeft -= Math.max(0, taken - promised)
    for (const { taken } of former) this.#commonLeft -= taken
  }
}
