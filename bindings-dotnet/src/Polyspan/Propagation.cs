using System;
using System.Collections.Generic;
using System.Diagnostics;
using Polyspan.Native;

namespace Polyspan
{
    /// <summary>
    /// The core's propagators behind .NET's own interface, so that HttpClient, ASP.NET Core and every library that asks
    /// <see cref="DistributedContextPropagator.Current"/> writes and reads the headers that all of polyspan's languages
    /// agree on. Baggage is redacted on its way out.
    /// </summary>
    internal sealed class PolyspanPropagator : DistributedContextPropagator
    {
        private static readonly Propagation.HeaderSetter<Target> SetHeader = static (target, name, value) => target.Set(target.Carrier, name, value);

        private readonly Propagation propagation;

        public PolyspanPropagator(Provider provider)
        {
            propagation = new Propagation(provider);
        }

        /// <summary>Whose verdicts are written; an activity that it does not know goes out with its own flags.</summary>
        public ActivityTracer? Tracer { get; set; }

        public override IReadOnlyCollection<string> Fields => propagation.Fields;

        public override void Inject(Activity? activity, object? carrier, PropagatorSetterCallback? setter)
        {
            if (activity == null || setter == null || activity.IdFormat != ActivityIdFormat.W3C)
            {
                return;
            }

            ContextParts context = Identifiers.Parts(activity.Context);
            context.Flags = Tracer?.Find(activity)?.Flags ?? context.Flags;
            propagation.Inject(context, OldestFirst(activity.Baggage), new Target(carrier, setter), SetHeader);
        }

        public override void ExtractTraceIdAndState(object? carrier, PropagatorGetterCallback? getter, out string? traceId, out string? traceState)
        {
            ContextParts context = propagation.Extract(Read(carrier, getter), null);
            traceState = context.TraceState;
            traceId = context.IsValid
                ? $"00-{context.TraceHigh:x16}{context.TraceLow:x16}-{context.SpanId:x16}-{context.Flags:x2}"
                : null;
        }

        public override IEnumerable<KeyValuePair<string, string?>>? ExtractBaggage(object? carrier, PropagatorGetterCallback? getter)
        {
            var baggage = new List<KeyValuePair<string, string?>>();
            propagation.Extract(Read(carrier, getter), baggage);
            return baggage.Count == 0 ? null : baggage;
        }

        /// <summary>
        /// .NET shows baggage newest first and that of parents last; in the core's order the entry that was set later, and
        /// nearer, replaces the other. Where there is none, as for most activities, nothing is allocated.
        /// </summary>
        internal static IReadOnlyList<KeyValuePair<string, string?>> OldestFirst(IEnumerable<KeyValuePair<string, string?>> baggage)
        {
            using IEnumerator<KeyValuePair<string, string?>> newestFirst = baggage.GetEnumerator();
            if (!newestFirst.MoveNext())
            {
                return Array.Empty<KeyValuePair<string, string?>>();
            }

            var entries = new List<KeyValuePair<string, string?>>();
            do
            {
                entries.Add(newestFirst.Current);
            }
            while (newestFirst.MoveNext());
            entries.Reverse();
            return entries;
        }

        private List<string> Read(object? carrier, PropagatorGetterCallback? getter)
        {
            var headers = new List<string>();
            if (getter == null)
            {
                return headers;
            }

            foreach (string name in propagation.Headers)
            {
                getter(carrier, name, out string? value, out IEnumerable<string>? values);
                if (values != null)
                {
                    foreach (string line in values)
                    {
                        headers.Add(name);
                        headers.Add(line);
                    }
                }
                else if (value != null)
                {
                    headers.Add(name);
                    headers.Add(value);
                }
            }

            return headers;
        }

        private readonly struct Target
        {
            public Target(object? carrier, PropagatorSetterCallback set)
            {
                Carrier = carrier;
                Set = set;
            }

            public object? Carrier { get; }

            public PropagatorSetterCallback Set { get; }
        }
    }

    /// <summary>
    /// In force when the native library is missing: .NET's own propagator carries the trace context on, but baggage stays
    /// inside, because nothing here could redact it.
    /// </summary>
    internal sealed class ContextOnlyPropagator : DistributedContextPropagator
    {
        private readonly DistributedContextPropagator inner;

        public ContextOnlyPropagator(DistributedContextPropagator inner)
        {
            this.inner = inner;
        }

        public override IReadOnlyCollection<string> Fields => inner.Fields;

        public override void Inject(Activity? activity, object? carrier, PropagatorSetterCallback? setter)
        {
            if (setter != null)
            {
                inner.Inject(activity, carrier, (target, name, value) =>
                {
                    if (!IsBaggage(name))
                    {
                        setter(target, name, value);
                    }
                });
            }
        }

        public override void ExtractTraceIdAndState(object? carrier, PropagatorGetterCallback? getter, out string? traceId, out string? traceState)
        {
            inner.ExtractTraceIdAndState(carrier, getter, out traceId, out traceState);
        }

        public override IEnumerable<KeyValuePair<string, string?>>? ExtractBaggage(object? carrier, PropagatorGetterCallback? getter)
        {
            return inner.ExtractBaggage(carrier, getter);
        }

        private static bool IsBaggage(string name)
        {
            return string.Equals(name, "baggage", StringComparison.OrdinalIgnoreCase)
                || string.Equals(name, "Correlation-Context", StringComparison.OrdinalIgnoreCase);
        }
    }
}
