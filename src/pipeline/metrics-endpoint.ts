import { acceptedQualities, quality } from '../http/accept.ts'
import type { Handler, ProxyRequest, ProxyResponse } from '../http/messages.ts'
import { pageDraft } from './draft.ts'
import { answerSystem } from './system-endpoints.ts'

/** What is scraped: all metrics as text, in Prometheus' format or as OpenMetrics. */
export interface MetricsText {
  readonly contentTypes: Readonly<Record<'text' | 'openmetrics', string>>
  metrics(form: 'text' | 'openmetrics'): Promise<string>
}

/** The metrics listener: /metrics, /health and /ready, and nothing else. */
export function createMetricsHandler(
  registry: MetricsText,
  system: (request: ProxyRequest) => ProxyResponse | undefined,
): Handler {
  return async function handle(request) {
    if (request.path === '/metrics' && (request.method === 'GET' || request.method === 'HEAD')) {
      const form = prefersOpenMetrics(request.header('accept')) ? 'openmetrics' : 'text'
      return pageDraft(200, registry.contentTypes[form], await registry.metrics(form))
    }
    return answerSystem(request, system)
  }
}

/** Prometheus does, and takes what it is given; exemplars are in that form alone. */
function prefersOpenMetrics(accept: string | undefined): boolean {
  if (accept === undefined) return false
  const qualities = acceptedQualities(accept)
  return quality('application/openmetrics-text', qualities) > quality('text/plain', qualities)
}
