#nullable enable
using System;
using System.Collections.Generic;
using System.Globalization;
using System.Text;

namespace Polyspan
{
    /// <summary>
    /// What can be set in code. Everything is optional: what is not set here comes from the environment
    /// (<c>OTEL_*</c>, <c>POLYSPAN_*</c>) or is the default. The core checks the values; a wrong one makes the start fail
    /// with a <see cref="PolyspanConfigException"/> that names the field, the value and what is allowed.
    /// </summary>
    public sealed partial class PolyspanOptions
    {
        /// <summary>Name of the service (<c>service.name</c>).</summary>
        public string? ServiceName { get; set; }

        /// <summary>Further attributes of the resource, such as <c>deployment.environment.name</c>.</summary>
        public IDictionary<string, string> ResourceAttributes { get; } = new Dictionary<string, string>();

        /// <summary>Base address of the OTLP receiver; <c>/v1/traces</c> is appended.</summary>
        public string? Endpoint { get; set; }

        /// <summary>Address for traces, used as it is.</summary>
        public string? TracesEndpoint { get; set; }

        /// <summary>Address for metrics, used as it is.</summary>
        public string? MetricsEndpoint { get; set; }

        /// <summary>Headers of every export request, for instance an API key.</summary>
        public IDictionary<string, string> Headers { get; } = new Dictionary<string, string>();

        /// <summary>Longest time for one export request.</summary>
        public TimeSpan? Timeout { get; set; }

        /// <summary>
        /// <c>always_on</c>, <c>always_off</c>, <c>traceidratio</c> or one of them behind <c>parentbased_</c>.
        /// </summary>
        public string? Sampler { get; set; }

        /// <summary>The sampler's argument: for <c>traceidratio</c> the ratio from 0 to 1.</summary>
        public double? SamplerArg { get; set; }

        /// <summary><c>default</c>, or <c>off</c> to export secrets as they are.</summary>
        public string? Redaction { get; set; }

        /// <summary>How context travels between processes, comma-separated: <c>tracecontext,baggage</c>, or <c>none</c>.</summary>
        public string? Propagators { get; set; }

        /// <summary>True: no spans, threads or connections; context is still propagated.</summary>
        public bool? Disabled { get; set; }

        /// <summary><c>otlp</c>, or <c>none</c>.</summary>
        public string? Exporter { get; set; }

        /// <summary>Where metrics go: <c>otlp</c>, or <c>none</c>.</summary>
        public string? MetricsExporter { get; set; }

        /// <summary>Longest time that a finished span waits for a batch to fill.</summary>
        public TimeSpan? ScheduleDelay { get; set; }

        /// <summary>Longest time for the export of a batch, retries included.</summary>
        public TimeSpan? ExportTimeout { get; set; }

        /// <summary>Most spans that wait for export.</summary>
        public int? MaxQueueSize { get; set; }

        /// <summary>Most spans in an export request.</summary>
        public int? MaxExportBatchSize { get; set; }

        /// <summary>Bytes that may wait for export, all together.</summary>
        public long? MemoryLimit { get; set; }

        /// <summary>Most attributes of a span.</summary>
        public int? AttributeCountLimit { get; set; }

        /// <summary>Longest attribute value, in characters.</summary>
        public int? AttributeValueLengthLimit { get; set; }

        /// <summary>Most events of a span.</summary>
        public int? EventCountLimit { get; set; }

        /// <summary>Most links of a span.</summary>
        public int? LinkCountLimit { get; set; }

        /// <summary>Most attributes of an event.</summary>
        public int? EventAttributeCountLimit { get; set; }

        /// <summary>Most attributes of a link.</summary>
        public int? LinkAttributeCountLimit { get; set; }

        /// <summary>For tests: ids that the core makes come from this seed.</summary>
        public ulong? IdSeed { get; set; }

        /// <summary>For tests: the resource has the given attributes and no detected ones.</summary>
        public bool? FixedResource { get; set; }

        /// <summary>The options that are set, by the names that all languages share.</summary>
        internal List<KeyValuePair<string, string>> Entries()
        {
            var entries = new List<KeyValuePair<string, string>>();
            Add(entries, "service_name", ServiceName);
            Add(entries, "resource_attributes", ListOf(ResourceAttributes));
            Add(entries, "endpoint", Endpoint);
            Add(entries, "traces_endpoint", TracesEndpoint);
            Add(entries, "metrics_endpoint", MetricsEndpoint);
            Add(entries, "headers", ListOf(Headers));
            Add(entries, "timeout", Milliseconds(Timeout));
            Add(entries, "sampler", Sampler);
            Add(entries, "sampler_arg", SamplerArg?.ToString("R", CultureInfo.InvariantCulture));
            Add(entries, "redaction", Redaction);
            Add(entries, "propagators", Propagators);
            Add(entries, "disabled", Boolean(Disabled));
            Add(entries, "exporter", Exporter);
            Add(entries, "metrics_exporter", MetricsExporter);
            Add(entries, "schedule_delay", Milliseconds(ScheduleDelay));
            Add(entries, "export_timeout", Milliseconds(ExportTimeout));
            Add(entries, "max_queue_size", Number(MaxQueueSize));
            Add(entries, "max_export_batch_size", Number(MaxExportBatchSize));
            Add(entries, "memory_limit", Number(MemoryLimit));
            Add(entries, "attribute_count_limit", Number(AttributeCountLimit));
            Add(entries, "attribute_value_length_limit", Number(AttributeValueLengthLimit));
            Add(entries, "event_count_limit", Number(EventCountLimit));
            Add(entries, "link_count_limit", Number(LinkCountLimit));
            Add(entries, "event_attribute_count_limit", Number(EventAttributeCountLimit));
            Add(entries, "link_attribute_count_limit", Number(LinkAttributeCountLimit));
            Add(entries, "id_seed", IdSeed?.ToString(CultureInfo.InvariantCulture));
            Add(entries, "fixed_resource", Boolean(FixedResource));
            return entries;
        }

        private static void Add(List<KeyValuePair<string, string>> entries, string name, string? value)
        {
            if (value != null)
            {
                entries.Add(new KeyValuePair<string, string>(name, value));
            }
        }

        private static string? Number(long? value)
        {
            return value?.ToString(CultureInfo.InvariantCulture);
        }

        private static string? Boolean(bool? value)
        {
            return value == null ? null : value.Value ? "true" : "false";
        }

        private static string? Milliseconds(TimeSpan? value)
        {
            return value == null ? null : ((long)value.Value.TotalMilliseconds).ToString(CultureInfo.InvariantCulture);
        }

        private static string? ListOf(IDictionary<string, string> pairs)
        {
            if (pairs.Count == 0)
            {
                return null;
            }

            var list = new StringBuilder();
            foreach (KeyValuePair<string, string> pair in pairs)
            {
                list.Append(list.Length == 0 ? string.Empty : ",");
                list.Append(Uri.EscapeDataString(pair.Key)).Append('=').Append(Uri.EscapeDataString(pair.Value));
            }

            return list.ToString();
        }
    }

    /// <summary>An option has a value that is not allowed.</summary>
    public sealed class PolyspanConfigException : Exception
    {
        /// <summary>An exception whose message says which option, which value and what is allowed.</summary>
        public PolyspanConfigException(string message)
            : base(message)
        {
        }
    }
}
