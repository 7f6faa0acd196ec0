using System;
using System.Diagnostics;
using Polyspan.Native;

namespace Polyspan
{
    /// <summary>
    /// Listens to activities: asks the core whether to record a local root, keeps its verdict for the local trace, and
    /// leaves ended activities to the worker. Nothing else happens on the application's threads.
    /// <code>
    /// verdict      result
    /// sampled      AllDataAndRecorded
    /// record only  AllData
    /// drop         PropagationData for roots and remote parents (their context must go on), else None
    /// </code>
    /// </summary>
    internal sealed class ActivityTracer : IDisposable
    {
        private const string VerdictKey = "polyspan";

        [ThreadStatic]
        private static ThreadMemory? memoryOfThread;

        private readonly Provider provider;
        private readonly ActivityWorker worker;
        private readonly ActivityListener listener;

        public ActivityTracer(Provider provider, ActivityWorker worker, SourceFilter sources)
        {
            this.provider = provider;
            this.worker = worker;
            listener = new ActivityListener
            {
                ShouldListenTo = source => sources.Matches(source.Name),
                Sample = OnSample,
                ActivityStarted = OnStarted,
                ActivityStopped = OnStopped,
#if NET9_0_OR_GREATER
                ExceptionRecorder = DescribeException,
#endif
            };
            ActivitySource.AddActivityListener(listener);
        }

        private static ThreadMemory Memory => memoryOfThread ??= new ThreadMemory();

        public void Dispose()
        {
            listener.Dispose();
        }

        /// <summary>The verdict that covers an activity: its own or that of the nearest local ancestor that has one.</summary>
        public HeadVerdict? Find(Activity activity)
        {
            ThreadMemory memory = Memory;
            for (Activity? at = activity; at != null; at = at.Parent)
            {
                if (ReferenceEquals(at, memory.Owner) && ReferenceEquals(memory.Verdict!.Tracer, this))
                {
                    return memory.Verdict;
                }

                if (at.GetCustomProperty(VerdictKey) is HeadVerdict verdict && ReferenceEquals(verdict.Tracer, this))
                {
                    memory.Owner = at;
                    memory.Verdict = verdict;
                    return verdict;
                }
            }

            return null;
        }

#if NET9_0_OR_GREATER
        /// <summary>Type, message and stack trace in the order of all languages; .NET then adds none of its own.</summary>
        private static void DescribeException(Activity activity, Exception exception, ref TagList tags)
        {
            TagList given = tags;
            tags = default;
            AddUnlessGiven(ref tags, given, "exception.type", exception.GetType().ToString());
            AddUnlessGiven(ref tags, given, "exception.message", exception.Message);
            AddUnlessGiven(ref tags, given, "exception.stacktrace", exception.ToString());
            foreach (System.Collections.Generic.KeyValuePair<string, object?> tag in given)
            {
                tags.Add(tag);
            }
        }

        private static void AddUnlessGiven(ref TagList tags, in TagList given, string key, string value)
        {
            foreach (System.Collections.Generic.KeyValuePair<string, object?> tag in given)
            {
                if (tag.Key == key)
                {
                    return;
                }
            }

            tags.Add(key, value);
        }
#endif

        private static ActivitySamplingResult Result(Verdict verdict, bool contextMustGoOn)
        {
            return verdict switch
            {
                Verdict.Sample => ActivitySamplingResult.AllDataAndRecorded,
                Verdict.RecordOnly => ActivitySamplingResult.AllData,
                _ => contextMustGoOn ? ActivitySamplingResult.PropagationData : ActivitySamplingResult.None,
            };
        }

        private ThreadCounts Counts()
        {
            ThreadMemory memory = Memory;
            if (!ReferenceEquals(memory.CountedBy, provider))
            {
                memory.CountedBy = provider;
                memory.Counts = provider.CountsOfThread();
            }

            return memory.Counts!;
        }

        private ActivitySamplingResult OnSample(ref ActivityCreationOptions<ActivityContext> options)
        {
            ThreadMemory memory = Memory;
            Activity? current = Activity.Current;
            HeadVerdict? local = current != null && options.Parent.SpanId == current.SpanId && options.Parent.TraceId == current.TraceId
                ? Find(current)
                : null;
            HeadVerdict verdict;
            if (local != null && provider.VerdictIsInheritable)
            {
                verdict = local;
            }
            else
            {
                ContextParts parent = default;
                if (options.Parent.SpanId != default)
                {
                    parent = Identifiers.Parts(options.Parent);
                    parent.Flags = local?.Flags ?? parent.Flags;
                }

                verdict = Decide(parent, options.TraceId, options.Name, options.Kind, local?.Root);
            }

            memory.PendingTrace = options.TraceId;
            memory.PendingParent = options.Parent.SpanId;
            memory.PendingName = options.Name;
            memory.Pending = verdict;
            return Result(verdict.Verdict, options.Parent.SpanId == default || options.Parent.IsRemote);
        }

        private void OnStarted(Activity activity)
        {
            HeadVerdict? verdict = activity.Parent == null ? null : Find(activity.Parent);
            if (verdict == null || !provider.VerdictIsInheritable)
            {
                if (activity.IdFormat != ActivityIdFormat.W3C)
                {
                    return;
                }

                verdict = TakePending(activity) ?? DecideLate(activity, verdict);
                if (ReferenceEquals(verdict.Root, verdict) && verdict.RootSpanId == 0)
                {
                    verdict.RootSpanId = Identifiers.Number(activity.SpanId);
                }

                activity.SetCustomProperty(VerdictKey, verdict);
            }

            System.Threading.Interlocked.Increment(ref verdict.Root.Open);
            Counts().Started++;
            if (provider.CopiesBaggage && verdict.Verdict != Verdict.Drop)
            {
                CopyBaggage(activity);
            }
        }

        /// <summary>
        /// Sets the tags <c>baggage.&lt;key&gt;</c> that the policy asks for. Of a key that was set again the later and nearer
        /// value counts; a tag that the activity has already stays.
        /// </summary>
        private void CopyBaggage(Activity activity)
        {
            System.Collections.Generic.IReadOnlyList<System.Collections.Generic.KeyValuePair<string, string?>> entries =
                PolyspanPropagator.OldestFirst(activity.Baggage);
            if (entries.Count == 0)
            {
                return;
            }

            var copied = new System.Collections.Generic.HashSet<string>();
            foreach (System.Collections.Generic.KeyValuePair<string, string?> entry in entries)
            {
                string? tag = provider.BaggageAttributes.NameOf(entry.Key);
                if (tag != null && (copied.Contains(tag) || activity.GetTagItem(tag) == null))
                {
                    copied.Add(tag);
                    activity.SetTag(tag, entry.Value ?? string.Empty);
                }
            }
        }

        private void OnStopped(Activity activity)
        {
            HeadVerdict? verdict = Find(activity);
            if (verdict == null)
            {
                return;
            }

            ThreadCounts counts = Counts();
            counts.Ended++;
            if (verdict.Verdict == Verdict.Drop)
            {
                System.Threading.Interlocked.Decrement(ref verdict.Root.Open);
                counts.SampledOut++;
                return;
            }

            worker.TryPush(new EndedActivity(activity, verdict));
        }

        private HeadVerdict Decide(in ContextParts parent, ActivityTraceId traceId, string name, ActivityKind kind, HeadVerdict? root)
        {
            Identifiers.Number(traceId, out ulong high, out ulong low);
            Decision decision = provider.Sample(parent, high, low, name, ActivityRecorder.KindOf(kind));
            return new HeadVerdict(this, root, decision);
        }

        /// <summary>
        /// The verdict that <see cref="OnSample"/> has just made on this thread for this activity, if there is one: of
        /// activities that were created and not started only the last is remembered.
        /// </summary>
        private static HeadVerdict? TakePending(Activity activity)
        {
            ThreadMemory memory = Memory;
            HeadVerdict? verdict = memory.Pending;
            bool isMeant = verdict != null
                && memory.PendingTrace == activity.TraceId
                && memory.PendingParent == activity.ParentSpanId
                && memory.PendingName == activity.OperationName;
            if (isMeant)
            {
                memory.Pending = null;
            }

            return isMeant ? verdict : null;
        }

        /// <summary>
        /// For an activity that was created on one thread and started on another, or after others: the standard samplers
        /// depend on ids and the parent's flags only, so asking again gives the same verdict.
        /// </summary>
        private HeadVerdict DecideLate(Activity activity, HeadVerdict? local)
        {
            ContextParts parent = default;
            if (activity.ParentSpanId != default)
            {
                parent = Identifiers.Parts(new ActivityContext(
                    activity.TraceId,
                    activity.ParentSpanId,
                    ActivityTraceFlags.None,
                    activity.TraceStateString,
                    activity.HasRemoteParent));
                parent.Flags = local?.Flags ?? Identifiers.FlagsOfParent(activity);
            }

            return Decide(parent, activity.TraceId, activity.OperationName, activity.Kind, local?.Root);
        }

        /// <summary>What one thread remembers; the owner is held on to until the thread works on another local trace.</summary>
        private sealed class ThreadMemory
        {
            public Activity? Owner;
            public HeadVerdict? Verdict;
            public ActivityTraceId PendingTrace;
            public ActivitySpanId PendingParent;
            public string? PendingName;
            public HeadVerdict? Pending;
            public Provider? CountedBy;
            public ThreadCounts? Counts;
        }
    }
}
