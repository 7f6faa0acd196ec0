using System;
using System.Collections.Generic;
using System.Diagnostics;
using System.Runtime.CompilerServices;
using Polyspan.Native;

namespace Polyspan
{
    /// <summary>What an application's thread leaves behind at the end of an activity.</summary>
    internal readonly struct EndedActivity
    {
        public EndedActivity(Activity activity, HeadVerdict verdict)
        {
            Activity = activity;
            Verdict = verdict;
        }

        public Activity Activity { get; }

        public HeadVerdict Verdict { get; }
    }

    /// <summary>The worker whose items are activities.</summary>
    internal sealed class ActivityWorker : Worker<EndedActivity>
    {
        private readonly ActivityRecorder recorder;

        public ActivityWorker(Provider provider, int capacity)
            : base(provider, capacity)
        {
            recorder = new ActivityRecorder(provider, Batch);
        }

        protected override void Encode(in EndedActivity item)
        {
            recorder.Write(item.Activity, item.Verdict);
        }
    }

    /// <summary>Writes an ended activity as a record of the batch.</summary>
    internal sealed class ActivityRecorder
    {
        private const string StatusCodeTag = "otel.status_code";
        private const string StatusDescriptionTag = "otel.status_description";

        private readonly Provider provider;
        private readonly BatchWriter batch;
        private readonly SpanRecord record;
        private readonly ConditionalWeakTable<ActivitySource, TracerIndex> tracers = new ConditionalWeakTable<ActivitySource, TracerIndex>();
        private ActivitySource? lastSource;
        private uint lastTracer;

        public ActivityRecorder(Provider provider, BatchWriter batch)
        {
            this.provider = provider;
            this.batch = batch;
            record = new SpanRecord(batch.Text);
        }

        /// <summary>OpenTelemetry counts kinds from 1, .NET from 0.</summary>
        public static int KindOf(ActivityKind kind)
        {
            return (int)kind + 1;
        }

        public void Write(Activity activity, HeadVerdict verdict)
        {
            record.Begin(provider.Limits);
            Identifiers.Number(activity.TraceId, out ulong high, out ulong low);
            record.TraceHigh = high;
            record.TraceLow = low;
            record.SpanId = Identifiers.Number(activity.SpanId);
            record.ParentId = activity.ParentSpanId == default ? 0 : Identifiers.Number(activity.ParentSpanId);
            record.LocalRootId = verdict.Root.RootSpanId;
            record.StartTicks = activity.StartTimeUtc.Ticks - SpanRecord.UnixEpochTicks;
            record.EndTicks = record.StartTicks + activity.Duration.Ticks;
            record.Tracer = TracerOf(activity.Source);
            record.Kind = KindOf(activity.Kind);
            record.Verdict = verdict.Verdict;
            record.TraceFlags = verdict.Flags;
            record.HasThreshold = verdict.HasThreshold;
            record.Threshold = verdict.Threshold;
            record.ParentIsRemote = activity.HasRemoteParent;
            record.LastOfLocalTrace = System.Threading.Interlocked.Decrement(ref verdict.Root.Open) == 0;
            record.SetName(activity.DisplayName);
            record.SetTraceState(activity.TraceStateString);
            WriteTagsAndStatus(activity);
            WriteEvents(activity);
            WriteLinks(activity);
            batch.Append(record);
        }

        private void WriteTagsAndStatus(Activity activity)
        {
            int status = activity.Status switch
            {
                ActivityStatusCode.Ok => 1,
                ActivityStatusCode.Error => 2,
                _ => 0,
            };
            string? description = activity.StatusDescription;
            foreach (ref readonly KeyValuePair<string, object?> tag in activity.EnumerateTagObjects())
            {
                // Libraries from before Activity.Status set the status as tags; the property wins.
                switch (tag.Key)
                {
                    case StatusCodeTag:
                        status = activity.Status == ActivityStatusCode.Unset ? StatusOf(tag.Value as string) : status;
                        break;
                    case StatusDescriptionTag:
                        description ??= tag.Value as string;
                        break;
                    default:
                        record.Attributes.Set(tag.Key, tag.Value);
                        break;
                }
            }

            record.SetStatus(status, description);
        }

        private static int StatusOf(string? tag)
        {
            return string.Equals(tag, "OK", StringComparison.OrdinalIgnoreCase) ? 1
                : string.Equals(tag, "ERROR", StringComparison.OrdinalIgnoreCase) ? 2
                : 0;
        }

        private void WriteEvents(Activity activity)
        {
            foreach (ref readonly ActivityEvent happened in activity.EnumerateEvents())
            {
                if (!record.BeginEvent(happened.Name, happened.Timestamp.UtcTicks - SpanRecord.UnixEpochTicks))
                {
                    continue;
                }

                foreach (ref readonly KeyValuePair<string, object?> tag in happened.EnumerateTagObjects())
                {
                    record.EventAttributes.Set(tag.Key, tag.Value);
                }

                record.EndEvent();
            }
        }

        private void WriteLinks(Activity activity)
        {
            foreach (ref readonly ActivityLink link in activity.EnumerateLinks())
            {
                ContextParts context = Identifiers.Parts(link.Context);
                if (!record.BeginLink(context.TraceHigh, context.TraceLow, context.SpanId, context.Flags, context.Remote, context.TraceState))
                {
                    continue;
                }

                foreach (ref readonly KeyValuePair<string, object?> tag in link.EnumerateTagObjects())
                {
                    record.LinkAttributes.Set(tag.Key, tag.Value);
                }

                record.EndLink();
            }
        }

        private uint TracerOf(ActivitySource source)
        {
            if (ReferenceEquals(source, lastSource))
            {
                return lastTracer;
            }

            if (!tracers.TryGetValue(source, out TracerIndex? known))
            {
#if NET10_0_OR_GREATER
                string? schemaUrl = source.TelemetrySchemaUrl;
#else
                string? schemaUrl = null;
#endif
                known = new TracerIndex(provider.TracerIndex(source.Name, source.Version, schemaUrl));
                tracers.Add(source, known);
            }

            lastSource = source;
            lastTracer = known.Value;
            return lastTracer;
        }

        private sealed class TracerIndex
        {
            public TracerIndex(uint value)
            {
                Value = value;
            }

            public uint Value { get; }
        }
    }
}
