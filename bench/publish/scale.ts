/** From values to places along an axis, and where its ticks are: 1, 2 or 5 times a power of ten. */

export interface Scale {
  /** Of the values shown; the data lie within. */
  readonly low: number
  readonly high: number
  readonly ticks: readonly number[]
  /** 0 at `low`, 1 at `high`. */
  place(value: number): number
}

const wantedSteps = 5
/** Of a logarithmic axis; with more, only the powers of ten are ticks. */
const mostTicks = 13
/** Absorbs what the sum of floating-point steps lacks of the last tick. */
const slack = 1e-9

/** From 0 to the first tick that no value exceeds. */
export function linearScale(values: readonly number[]): Scale {
  const most = Math.max(0, ...values)
  const step = most === 0 ? 1 : niceStep(most / wantedSteps)
  const count = Math.max(1, Math.ceil(most / step - slack))
  // Dividing by a whole number where the step is less than 1 keeps 0.3 from being 0.30000000000000004.
  const ticks = Array.from({ length: count + 1 }, (_, index) =>
    step < 1 ? index / Math.round(1 / step) : index * step,
  )
  const high = ticks[count] ?? step
  return { low: 0, high, ticks, place: (value) => value / high }
}

/** From one of 1, 2 and 5 times a power of ten to another, wide enough for all values, which are above 0. */
export function logScale(values: readonly number[]): Scale {
  const [least, most] = values.length === 0 ? [1, 1] : [Math.min(...values), Math.max(...values)]
  if (!(least > 0)) throw new RangeError(`a logarithmic axis cannot show ${least}`)
  const ticks: number[] = []
  for (let exponent = Math.floor(Math.log10(least)) - 1; ; exponent += 1) {
    for (const digit of [1, 2, 5]) {
      const tick = exponent < 0 ? digit / 10 ** -exponent : digit * 10 ** exponent
      // The last tick at or below the least value is the first one kept.
      if (tick <= least) ticks.length = 0
      ticks.push(tick)
      if (tick >= most && ticks.length > 1) return ended(ticks)
    }
  }
}

/** Exactly these values, evenly apart, with half a step of room at both ends. */
export function stepScale(values: readonly number[]): Scale {
  const ticks = [...new Set(values)].sort((a, b) => a - b)
  const [low = 0, high = 1] = [ticks[0], ticks.at(-1)]
  return { low, high, ticks, place: (value) => (ticks.indexOf(value) + 0.5) / Math.max(1, ticks.length) }
}

function ended(all: readonly number[]): Scale {
  const [low = 1, high = 10] = [all[0], all.at(-1)]
  const [from, to] = [Math.log(low), Math.log(high)]
  const ticks = all.length > mostTicks ? all.filter((tick) => Number.isInteger(Math.log10(tick))) : all
  return { low, high, ticks, place: (value) => (Math.log(value) - from) / (to - from) }
}

/** The least of 1, 2 and 5 times a power of ten that is not less than `wanted`. */
function niceStep(wanted: number): number {
  const exponent = Math.floor(Math.log10(wanted))
  for (const digit of [1, 2, 5, 10]) {
    const step = exponent < 0 ? digit / 10 ** -exponent : digit * 10 ** exponent
    if (step >= wanted * (1 - slack)) return step
  }
  return 10 ** (exponent + 1)
}
