#nullable enable
using System;
using System.Collections.Generic;
using System.Threading;

namespace Polyspan.Native
{
    /// <summary>What the core decided about a span at its start.</summary>
    internal struct Decision
    {
        public Verdict Verdict;
        public byte Flags;
        public bool HasThreshold;
        public ulong Threshold;
        public ulong TraceHigh;
        public ulong TraceLow;
    }

    /// <summary>The identity of a span as it crosses the boundary.</summary>
    internal struct ContextParts
    {
        public ulong TraceHigh;
        public ulong TraceLow;
        public ulong SpanId;
        public byte Flags;
        public bool Remote;
        public string? TraceState;

        public bool IsValid => (TraceHigh | TraceLow) != 0 && SpanId != 0;
    }

    /// <summary>
    /// The core's provider behind its handle. The handle is a plain number that the core checks on every call, so a call
    /// that comes too late (a span that ends during shutdown) gets a status, never a crash; nothing here has a finalizer.
    /// </summary>
    internal sealed unsafe class Provider
    {
        private readonly ulong handle;
        private readonly List<ThreadCounts> threads = new List<ThreadCounts>();
        private long started;
        private long ended;
        private long sampledOut;
        private long refused;
        private long givenUp;

        private Provider(ulong handle)
        {
            this.handle = handle;
            BaggageAttributes = new BaggageAttributes(handle);
            ReadPolicy();
        }

        /// <summary>The handle for calls that other classes make.</summary>
        public ulong Handle => handle;

        /// <summary>Count limits of the policy in force.</summary>
        public Limits Limits { get; private set; }

        /// <summary>Whether the configuration asks for no spans at all; context is still propagated.</summary>
        public bool IsDisabled { get; private set; }

        /// <summary>Whether a local child inherits the verdict of its local root.</summary>
        public bool VerdictIsInheritable { get; private set; }

        /// <summary>Whether some entries of the baggage become attributes of spans.</summary>
        public bool CopiesBaggage { get; private set; }

        /// <summary>Which ones.</summary>
        public BaggageAttributes BaggageAttributes { get; }

        /// <summary>Whether the sampler looks at the span's name.</summary>
        public bool SamplerNeedsName { get; private set; }

        /// <summary>
        /// Compiles the options into a running provider. Only to be called if <see cref="NativeLibrary.Problem"/> is null.
        /// </summary>
        /// <param name="options">What the user has set.</param>
        /// <param name="binding">Entries that the binding itself sets, such as its name.</param>
        /// <param name="epoch">Names the owner, so that a later owner can collect what this one left.</param>
        /// <exception cref="PolyspanConfigException">An option has a value that is not allowed.</exception>
        public static Provider Create(PolyspanOptions options, IEnumerable<KeyValuePair<string, string>> binding, ulong epoch)
        {
            polyspan_error error = NativeCall.NewError();
            ulong config;
            Check(NativeMethods.polyspan_config_new(&config, &error), ref error);
            try
            {
                Set(config, binding);
                Set(config, options.Entries());
            }
            catch
            {
                NativeMethods.polyspan_config_free(config);
                throw;
            }

            ulong provider;
            Check(NativeMethods.polyspan_provider_new(config, epoch, &provider, &error), ref error);
            return new Provider(provider);
        }

        /// <summary>Shuts down, without waiting, what owners with another epoch left behind; returns how many there were.</summary>
        public static int Reap(ulong epoch)
        {
            uint reaped;
            return NativeMethods.polyspan_provider_reap(epoch, &reaped) == NativeMethods.POLYSPAN_OK ? (int)reaped : 0;
        }

        /// <summary>A span was started. Counted here with one interlocked add and passed on with the next batch.</summary>
        public void CountStarted()
        {
            Interlocked.Increment(ref started);
        }

        /// <summary>A span was ended.</summary>
        public void CountEnded()
        {
            Interlocked.Increment(ref ended);
        }

        /// <summary>Counters of the calling thread alone, for callers that keep them: two interlocked adds a span less.</summary>
        public ThreadCounts CountsOfThread()
        {
            var counts = new ThreadCounts();
            lock (threads)
            {
                threads.Add(counts);
            }

            return counts;
        }

        /// <summary>A span that the sampler does not want was ended; no record of it follows.</summary>
        public void CountSampledOut()
        {
            Interlocked.Increment(ref ended);
            Interlocked.Increment(ref sampledOut);
        }

        /// <summary>An ended span found no place in the ring.</summary>
        public void CountRefused()
        {
            Interlocked.Increment(ref refused);
        }

        /// <summary>Ended spans come too late to be handed over.</summary>
        public void CountGivenUp(int count)
        {
            Interlocked.Add(ref givenUp, count);
        }

        /// <summary>Brings the core's counters up to date: before each batch, before stats are read, and at the end of the process or domain.</summary>
        public void PassCounts()
        {
            uint ofThreadsStarted = 0;
            uint ofThreadsEnded = 0;
            uint ofThreadsSampledOut = 0;
            lock (threads)
            {
                // A thread that was dead before its counters are read will not count again.
                for (int i = threads.Count - 1; i >= 0; i--)
                {
                    if (threads[i].Take(ref ofThreadsStarted, ref ofThreadsEnded, ref ofThreadsSampledOut))
                    {
                        threads.RemoveAt(i);
                    }
                }
            }

            var counts = new polyspan_counts
            {
                size = (uint)sizeof(polyspan_counts),
                started = (ulong)Interlocked.Exchange(ref started, 0) + ofThreadsStarted,
                ended = (ulong)Interlocked.Exchange(ref ended, 0) + ofThreadsEnded,
                sampled_out = (ulong)Interlocked.Exchange(ref sampledOut, 0) + ofThreadsSampledOut,
                dropped_queue_full = (ulong)Interlocked.Exchange(ref refused, 0),
                dropped_host_exit = (ulong)Interlocked.Exchange(ref givenUp, 0),
            };
            if ((counts.started | counts.ended | counts.sampled_out | counts.dropped_queue_full | counts.dropped_host_exit) != 0)
            {
                NativeMethods.polyspan_provider_count(handle, &counts);
            }
        }

        /// <summary>The number of the policy in force; also refreshes the limits.</summary>
        public uint ReadPolicy()
        {
            var limits = new polyspan_limits { size = (uint)sizeof(polyspan_limits) };
            if (NativeMethods.polyspan_provider_limits(handle, &limits) != NativeMethods.POLYSPAN_OK)
            {
                Limits = Limits.Default;
                return 0;
            }

            Limits = new Limits
            {
                Attributes = Count(limits.attribute_count),
                Events = Count(limits.event_count),
                Links = Count(limits.link_count),
                EventAttributes = Count(limits.event_attribute_count),
                LinkAttributes = Count(limits.link_attribute_count),
            };
            VerdictIsInheritable = (limits.mask & 1) != 0;
            SamplerNeedsName = (limits.mask & 2) != 0;
            IsDisabled = (limits.mask & 8) != 0;
            CopiesBaggage = (limits.mask & 16) != 0;
            return limits.policy_epoch;
        }

        /// <summary>Asks the sampler. A root may bring its own trace id or get one.</summary>
        public Decision Sample(in ContextParts parent, ulong traceHigh, ulong traceLow, string name, int kind)
        {
            Utf8Buffer text = Utf8Buffer.OfThread();
            int nameLength = 0;
            if (SamplerNeedsName)
            {
                text.Add(name);
                nameLength = text.Length;
            }

            text.Add(parent.TraceState);
            var decision = new polyspan_decision { size = (uint)sizeof(polyspan_decision) };
            byte* traceId = stackalloc byte[16];
            WriteBigEndian(traceId, traceHigh);
            WriteBigEndian(traceId + 8, traceLow);
            polyspan_context context = ToNative(parent);
            fixed (byte* data = text.Bytes)
            {
                NativeMethods.polyspan_sampler_decide(
                    handle,
                    parent.IsValid ? &context : null,
                    NativeCall.Bytes(data + nameLength, text.Length - nameLength),
                    (traceHigh | traceLow) == 0 ? null : traceId,
                    NativeCall.Bytes(data, nameLength),
                    (uint)kind,
                    &decision);
            }

            return new Decision
            {
                Verdict = (Verdict)decision.verdict,
                Flags = decision.flags,
                HasThreshold = decision.has_threshold != 0,
                Threshold = decision.threshold,
                TraceHigh = ReadBigEndian(decision.trace_id),
                TraceLow = ReadBigEndian(decision.trace_id + 8),
            };
        }

        /// <summary>A new span id.</summary>
        public ulong NewSpanId()
        {
            byte* spanId = stackalloc byte[8];
            return NativeMethods.polyspan_id_generate(handle, null, spanId) == NativeMethods.POLYSPAN_OK ? ReadBigEndian(spanId) : 0;
        }

        /// <summary>The number under which records refer to a tracer (instrumentation scope).</summary>
        public uint TracerIndex(string name, string? version, string? schemaUrl)
        {
            Utf8Buffer text = Utf8Buffer.OfThread();
            text.Add(name);
            int nameEnd = text.Length;
            text.Add(version);
            int versionEnd = text.Length;
            text.Add(schemaUrl);
            ulong tracer;
            uint index = 0;
            fixed (byte* data = text.Bytes)
            {
                NativeMethods.polyspan_tracer_new(
                    handle,
                    NativeCall.Bytes(data, nameEnd),
                    NativeCall.Bytes(data + nameEnd, versionEnd - nameEnd),
                    NativeCall.Bytes(data + versionEnd, text.Length - versionEnd),
                    &tracer,
                    &index,
                    null);
            }

            return index;
        }

        /// <summary>Hands a batch over. What the core refuses it counts itself.</summary>
        public void Submit(BatchWriter batch)
        {
            PassCounts();
            uint accepted;
            fixed (ulong* slots = batch.Slots.Items)
            fixed (char* text = batch.Text.Items)
            {
                NativeMethods.polyspan_batch_submit(handle, slots, (nuint)batch.Slots.Length, (byte*)text, (nuint)batch.Text.Length * 2, &accepted, null);
            }
        }

        /// <summary>Sends what the core has. Returns null, or why that did not work.</summary>
        public string? Flush(TimeSpan timeout)
        {
            PassCounts();
            polyspan_error error = NativeCall.NewError();
            int status = NativeMethods.polyspan_provider_flush(handle, Milliseconds(timeout), &error);
            return status == NativeMethods.POLYSPAN_OK ? null : NativeCall.Text(ref error, status);
        }

        /// <summary>Sends what the core has and ends it. Returns null, or why something was left.</summary>
        public string? Shutdown(TimeSpan timeout)
        {
            PassCounts();
            polyspan_error error = NativeCall.NewError();
            int status = NativeMethods.polyspan_provider_shutdown(handle, Milliseconds(timeout), &error);
            return status == NativeMethods.POLYSPAN_OK ? null : NativeCall.Text(ref error, status);
        }

        public PolyspanStats Stats()
        {
            PassCounts();
            var stats = new polyspan_stats { size = (uint)sizeof(polyspan_stats) };
            NativeMethods.polyspan_provider_stats(handle, &stats);
            return new PolyspanStats(stats, NativeCall.ReadText(handle, NativeMethods.polyspan_provider_stats_json));
        }

        public string Describe()
        {
            return NativeCall.ReadText(handle, NativeMethods.polyspan_provider_describe);
        }

        public string Fingerprint()
        {
            return NativeCall.ReadText(handle, NativeMethods.polyspan_provider_fingerprint);
        }

        /// <summary>What the core has to say about itself since the last call; once asked for it no longer writes to standard error.</summary>
        public string[] TakeDiagnostics()
        {
            return NativeCall.ReadText(handle, NativeMethods.polyspan_provider_diagnostics).Split(new[] { '\n' }, StringSplitOptions.RemoveEmptyEntries);
        }

        public static polyspan_context ToNative(in ContextParts parts)
        {
            var context = new polyspan_context { size = (uint)sizeof(polyspan_context), flags = parts.Flags, remote = (byte)(parts.Remote ? 1 : 0) };
            WriteBigEndian(context.trace_id, parts.TraceHigh);
            WriteBigEndian(context.trace_id + 8, parts.TraceLow);
            WriteBigEndian(context.span_id, parts.SpanId);
            return context;
        }

        public static ContextParts FromNative(ref polyspan_context context, string? traceState)
        {
            fixed (polyspan_context* pinned = &context)
            {
                return new ContextParts
                {
                    TraceHigh = ReadBigEndian(pinned->trace_id),
                    TraceLow = ReadBigEndian(pinned->trace_id + 8),
                    SpanId = ReadBigEndian(pinned->span_id),
                    Flags = context.flags,
                    Remote = context.remote != 0,
                    TraceState = string.IsNullOrEmpty(traceState) ? null : traceState,
                };
            }
        }

        /// <summary>0 means "do not wait" to the core; a time too long for it means its longest.</summary>
        internal static uint Milliseconds(TimeSpan timeout)
        {
            return (uint)Math.Max(0, Math.Min(uint.MaxValue - 1, timeout.TotalMilliseconds));
        }

        private static int Count(uint limit)
        {
            return limit > int.MaxValue ? int.MaxValue : (int)limit;
        }

        private static void Set(ulong config, IEnumerable<KeyValuePair<string, string>> entries)
        {
            foreach (KeyValuePair<string, string> entry in entries)
            {
                Utf8Buffer text = Utf8Buffer.OfThread();
                text.Add(entry.Key);
                int nameLength = text.Length;
                text.Add(entry.Value);
                polyspan_error error = NativeCall.NewError();
                fixed (byte* data = text.Bytes)
                {
                    Check(
                        NativeMethods.polyspan_config_set(config, NativeCall.Bytes(data, nameLength), NativeCall.Bytes(data + nameLength, text.Length - nameLength), &error),
                        ref error);
                }
            }
        }

        private static void Check(int status, ref polyspan_error error)
        {
            if (status != NativeMethods.POLYSPAN_OK)
            {
                throw new PolyspanConfigException(NativeCall.Text(ref error, status));
            }
        }

        private static void WriteBigEndian(byte* target, ulong value)
        {
            for (int i = 7; i >= 0; i--)
            {
                target[i] = (byte)value;
                value >>= 8;
            }
        }

        private static ulong ReadBigEndian(byte* source)
        {
            ulong value = 0;
            for (int i = 0; i < 8; i++)
            {
                value = (value << 8) | source[i];
            }

            return value;
        }
    }
}
