/**
 * The options of `init`, and their way to the core.
 *
 * Nothing is checked here: names, values, precedence over the environment and error messages are the core's, the same in
 * every language. An option that is undefined is left to the environment and the default.
 */

/** All options; each stands for an environment variable, which it overrides. Durations are milliseconds. */
export interface Options {
  /** The logical name of the service. `OTEL_SERVICE_NAME` */
  serviceName?: string | undefined;
  /** Attributes of the resource, added to those of the environment. `OTEL_RESOURCE_ATTRIBUTES` */
  resourceAttributes?: string | Record<string, string | number | boolean> | undefined;
  /** Turns everything off except propagation. `OTEL_SDK_DISABLED` */
  disabled?: boolean | undefined;

  /** Which traces are sampled. `OTEL_TRACES_SAMPLER` */
  sampler?:
    | 'always_on'
    | 'always_off'
    | 'traceidratio'
    | 'parentbased_always_on'
    | 'parentbased_always_off'
    | 'parentbased_traceidratio'
    | undefined;
  /** The share of traces that the ratio samplers sample, 0 to 1. `OTEL_TRACES_SAMPLER_ARG` */
  samplerArg?: number | undefined;
  /** What is removed before telemetry and baggage leave the process. `POLYSPAN_REDACTION` */
  redaction?: 'off' | 'default' | undefined;
  /** The formats in which context travels. `OTEL_PROPAGATORS` */
  propagators?: string | string[] | undefined;

  /** Where spans go. `OTEL_TRACES_EXPORTER` */
  exporter?: 'otlp' | 'none' | undefined;
  /** Where metrics go. `OTEL_METRICS_EXPORTER` */
  metricsExporter?: 'otlp' | 'none' | undefined;
  /** Base address of the OTLP receiver; v1/traces and v1/metrics are appended. `OTEL_EXPORTER_OTLP_ENDPOINT` */
  endpoint?: string | undefined;
  /** The address for spans, used as it is. `OTEL_EXPORTER_OTLP_TRACES_ENDPOINT` */
  tracesEndpoint?: string | undefined;
  /** The address for metrics, used as it is. `OTEL_EXPORTER_OTLP_METRICS_ENDPOINT` */
  metricsEndpoint?: string | undefined;
  /** Headers of each OTLP request. `OTEL_EXPORTER_OTLP_HEADERS` */
  headers?: string | Record<string, string> | undefined;
  /** The longest that one OTLP request may take. `OTEL_EXPORTER_OTLP_TIMEOUT` */
  timeout?: number | undefined;
  /** How OTLP requests are compressed. `OTEL_EXPORTER_OTLP_COMPRESSION` */
  compression?: string | undefined;

  /** The longest that a finished span waits for its batch. `OTEL_BSP_SCHEDULE_DELAY` */
  scheduleDelay?: number | undefined;
  /** The longest that the export of one batch may take with its retries. `OTEL_BSP_EXPORT_TIMEOUT` */
  exportTimeout?: number | undefined;
  /** The most spans that wait for export, in addition to `memoryLimit`. `OTEL_BSP_MAX_QUEUE_SIZE` */
  maxQueueSize?: number | undefined;
  /** The most spans of one request. `OTEL_BSP_MAX_EXPORT_BATCH_SIZE` */
  maxExportBatchSize?: number | undefined;
  /** The most memory that finished spans occupy until they are delivered, in bytes. */
  memoryLimit?: number | undefined;
  /** The time between two exports of metrics. `OTEL_METRIC_EXPORT_INTERVAL` */
  metricExportInterval?: number | undefined;

  /** The most attributes of a span. `OTEL_SPAN_ATTRIBUTE_COUNT_LIMIT` */
  attributeCountLimit?: number | undefined;
  /** The most characters of a string value. `OTEL_SPAN_ATTRIBUTE_VALUE_LENGTH_LIMIT` */
  attributeValueLengthLimit?: number | undefined;
  /** The most events of a span. `OTEL_SPAN_EVENT_COUNT_LIMIT` */
  eventCountLimit?: number | undefined;
  /** The most links of a span. `OTEL_SPAN_LINK_COUNT_LIMIT` */
  linkCountLimit?: number | undefined;
  /** The most attributes of an event. `OTEL_EVENT_ATTRIBUTE_COUNT_LIMIT` */
  eventAttributeCountLimit?: number | undefined;
  /** The most attributes of a link. `OTEL_LINK_ATTRIBUTE_COUNT_LIMIT` */
  linkAttributeCountLimit?: number | undefined;

  /** How much polyspan tells of its own problems. `OTEL_LOG_LEVEL` */
  logLevel?: string | undefined;
  /** Makes every ignored setting an error. `POLYSPAN_STRICT` */
  strict?: boolean | undefined;
  /** Makes ids repeatable. For tests only. */
  idSeed?: number | bigint | undefined;
  /** Leaves out every resource attribute that was not given. For tests only. */
  fixedResource?: boolean | undefined;
}

/** Options as the addon takes them: name, value, name, value … */
export function pairs(options: Options): string[] {
  const flat: string[] = [];
  for (const [name, value] of Object.entries(options as Record<string, unknown>)) {
    if (value !== undefined) flat.push(name, text(value));
  }
  flat.push('binding', 'node');
  flat.push('runtimeName', 'nodejs', 'runtimeVersion', process.versions.node);
  flat.push('runtimeDescription', 'Node.js');
  return flat;
}

function text(value: unknown): string {
  if (Array.isArray(value)) return value.join(',');
  if (typeof value !== 'object' || value === null) return String(value);
  return Object.entries(value)
    .map(([key, member]) => `${encodeURIComponent(key)}=${encodeURIComponent(String(member))}`)
    .join(',');
}
