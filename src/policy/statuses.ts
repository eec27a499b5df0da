/** What the status codes of RFC 9110 mean to this cache. */

/** RFC 9110 §15.1: "Responses with status codes that are defined as heuristically cacheable", less 206. */
const heuristic = new Set([200, 203, 204, 300, 301, 308, 404, 405, 410, 414, 501])

/**
 * Never stored as they come: interim answers, what is part of another answer (206, 304), and answers to a precondition or
 * range that this proxy put into its own request (412, 416).
 */
const partOfAnother = new Set([206, 304, 412, 416])

/** RFC 9110 §15, the final codes whose caching rules this cache keeps: those a reader of an object can meet. */
const understood = new Set([...heuristic, 302, 303, 307, 400, 401, 403, 406, 408, 409, 421, 500, 502, 503, 504, 505])

/** May be given a lifetime by this cache when the origin gives none (RFC 9111 §4.2.2). */
export const isHeuristicallyCacheable = (status: number) => heuristic.has(status)

/** RFC 9111 §3: "the response status code is final", and "the cache understands" 206 and 304: only as parts of others. */
export const isStorable = (status: number) => status >= 200 && !partOfAnother.has(status)

/** For must-understand (RFC 9111 §5.2.2.3). */
export const isUnderstood = (status: number) => understood.has(status)
