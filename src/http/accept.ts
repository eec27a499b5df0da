/** What a client would rather have, as RFC 9110 §12.5.1 reads its Accept field. */

/** How dear a media type is to whoever sent the Accept field; 0: not acceptable. */
export function quality(type: string, qualities: ReadonlyMap<string, number>): number {
  // "the most specific reference has precedence"
  return qualities.get(type) ?? qualities.get(`${type.slice(0, type.indexOf('/'))}/*`) ?? qualities.get('*/*') ?? 0
}

/** By media range, in lower case; parameters of a range are not heeded. */
export function acceptedQualities(accept: string): ReadonlyMap<string, number> {
  const qualities = new Map<string, number>()
  for (const member of accept.split(',')) {
    const [range = '', ...parameters] = member.split(';').map((part) => part.trim().toLowerCase())
    const weight = parameters.find((parameter) => parameter.startsWith('q='))
    const q = weight === undefined ? 1 : Number(weight.slice(2))
    if (q >= 0 && q <= 1) qualities.set(range, Math.max(q, qualities.get(range) ?? 0))
  }
  return qualities
}
