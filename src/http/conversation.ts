/** What a listener asks of whatever is spoken on one of its connections. */

export interface Conversation {
  /** It has carried a request. */
  readonly isUsed: boolean
  /** One look at it: what waits for its next request for more than `patience` looks in a row is closed. */
  look(patience: number): void
  /** Takes no further request, and ends once those under way are answered. */
  retire(): void
  destroy(): void
}
