/** Settings of `observability`; what is switched off is not there. */

import type { ObservabilityConfig } from './config.ts'
import type { Settings } from './schema.ts'

type Observability = Settings['observability']

export function buildObservability({
  tracing,
  request_logging,
  slow_query,
  prices,
}: Observability): ObservabilityConfig {
  return {
    tracing: tracing.enabled ? buildTracing(tracing) : undefined,
    requestLogging: request_logging.enabled ? buildRequestLogging(request_logging) : undefined,
    slowRequests: slow_query.enabled ? { thresholdMs: slow_query.threshold_ms } : undefined,
    prices: { per1000Requests: prices.per_1000_requests, perGb: prices.per_gb },
  }
}

function buildTracing({ exporter, ...tracing }: Observability['tracing']): ObservabilityConfig['tracing'] {
  return {
    exporter: exporter === 'jaeger' ? 'otlp' : exporter,
    endpoint: tracing.endpoint,
    serviceName: tracing.service_name,
    samplingRatio: tracing.sampling_ratio,
  }
}

function buildRequestLogging(logging: Observability['request_logging']): ObservabilityConfig['requestLogging'] {
  return {
    responses: logging.responses,
    includePaths: logging.include_paths,
    excludePaths: logging.exclude_paths,
    statuses: logging.statuses,
    redactHeaders: logging.redact_headers.map((name) => name.toLowerCase()),
  }
}
