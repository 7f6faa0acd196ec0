#nullable enable
using System.Collections.Generic;
using System.Threading;
using Polyspan.Native;

namespace Polyspan
{
    /// <summary>Starts spans and takes ended ones to the core. One for each run of polyspan.</summary>
    internal sealed class SpanPipeline : Worker<SpanRecorder>
    {
        /// <summary>Ended spans that may wait for the worker; small, as the whole plugin keeps within 4 MiB.</summary>
        private const int RingCapacity = 1024;

        private readonly Pool<SpanRecorder> recorders = new Pool<SpanRecorder>(RingCapacity);
        private readonly Pool<LocalTrace> traces = new Pool<LocalTrace>(RingCapacity);

        public SpanPipeline(Provider provider)
            : base(provider, RingCapacity)
        {
        }

        /// <summary>The core's provider.</summary>
        public Provider Core => Provider;

        public Span Start(uint tracer, string name, SpanKind kind, in Span parent, in SpanContext parentContext, long startTicks = 0)
        {
            ulong spanId = Provider.NewSpanId();
            LocalTrace? trace = Join(parent);
            ContextParts from = parentContext.Parts;
            Decision decision;
            if (trace != null && Provider.VerdictIsInheritable)
            {
                decision = trace.Decision;
            }
            else
            {
                decision = Provider.Sample(from, from.TraceHigh, from.TraceLow, name, (int)kind);
            }

            if (trace == null)
            {
                trace = traces.Take() ?? new LocalTrace();
                trace.Begin(decision, spanId);
            }

            bool records = decision.Verdict != Verdict.Drop;
            var context = new ContextParts
            {
                TraceHigh = from.IsValid ? from.TraceHigh : decision.TraceHigh,
                TraceLow = from.IsValid ? from.TraceLow : decision.TraceLow,
                SpanId = spanId,
                Flags = decision.Flags,
                TraceState = from.IsValid ? from.TraceState : null,
            };
            SpanRecorder recorder = recorders.Take() ?? new SpanRecorder(this);
            lock (recorder)
            {
                recorder.Begin(trace, records);
                Describe(recorder, context, from, tracer, name, kind, decision, trace);
                if (startTicks > 0)
                {
                    recorder.Record.StartTicks = startTicks;
                }

                if (records && Provider.CopiesBaggage)
                {
                    CopyBaggage(recorder.Record);
                }

                Provider.CountStarted();
                return new Span(recorder, new SpanContext(context));
            }
        }

        public void Ended(SpanRecorder recorder, bool records)
        {
            if (!records)
            {
                Provider.CountSampledOut();
                Recycle(recorder);
                return;
            }

            Provider.CountEnded();
            if (!TryPush(recorder))
            {
                Recycle(recorder);
            }
        }

        protected override void Encode(in SpanRecorder item)
        {
            LocalTrace? finished = item.Leave();
            item.Record.LastOfLocalTrace = finished != null;
            Batch.Append(item.Record);
            Recycle(item, finished);
        }

        /// <summary>
        /// Enters the parent's local trace, if the parent is still going on: one that has ended is only a context. Under
        /// the parent's lock, so that the trace cannot end in between.
        /// </summary>
        private static LocalTrace? Join(in Span parent)
        {
            SpanRecorder? recorder = parent.Recorder;
            if (recorder == null)
            {
                return null;
            }

            lock (recorder)
            {
                if (recorder.Version != parent.Version)
                {
                    return null;
                }

                LocalTrace trace = recorder.Trace!;
                Interlocked.Increment(ref trace.Open);
                return trace;
            }
        }

        private void Describe(SpanRecorder recorder, in ContextParts context, in ContextParts parent, uint tracer, string name, SpanKind kind, in Decision decision, LocalTrace trace)
        {
            SpanRecord record = recorder.Record;
            record.Begin(Provider.Limits);
            record.StartTicks = trace.Now();
            record.TraceHigh = context.TraceHigh;
            record.TraceLow = context.TraceLow;
            record.SpanId = context.SpanId;
            record.ParentId = parent.IsValid ? parent.SpanId : 0;
            record.ParentIsRemote = parent.IsValid && parent.Remote;
            record.LocalRootId = trace.RootSpanId;
            record.Tracer = tracer;
            record.Kind = (int)kind;
            record.Verdict = decision.Verdict;
            record.TraceFlags = decision.Flags;
            record.HasThreshold = decision.HasThreshold;
            record.Threshold = decision.Threshold;
            record.SetName(name);
            record.SetTraceState(context.TraceState);
        }

        private void CopyBaggage(SpanRecord record)
        {
            foreach (KeyValuePair<string, string?> member in Baggage.Members)
            {
                string? attribute = Provider.BaggageAttributes.NameOf(member.Key);
                if (attribute != null)
                {
                    record.Attributes.Set(attribute, member.Value);
                }
            }
        }

        private void Recycle(SpanRecorder recorder)
        {
            Recycle(recorder, recorder.Leave());
        }

        private void Recycle(SpanRecorder recorder, LocalTrace? finished)
        {
            if (finished != null)
            {
                traces.Put(finished);
            }

            recorders.Put(recorder);
        }
    }
}
