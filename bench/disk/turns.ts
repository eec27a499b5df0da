/** The longest the event loop was busy at a time, in ms, until called. */
export function watchTurns(): () => number {
  let longest = 0
  let last = performance.now()
  const note = () => {
    const now = performance.now()
    longest = Math.max(longest, now - last)
    last = now
  }
  const timer = setInterval(note, 1)
  return () => {
    clearInterval(timer)
    note()
    return longest
  }
}
