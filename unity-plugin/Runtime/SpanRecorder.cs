#nullable enable
using System;
using System.Threading;
using Polyspan.Native;

namespace Polyspan
{
    /// <summary>
    /// The fields of one live span. Pooled: the version tells a handle to the present span from one to an earlier span that
    /// this object once was. All access is under its own lock.
    /// </summary>
    internal sealed class SpanRecorder
    {
        private readonly SpanPipeline pipeline;
        private bool recording;

        public SpanRecorder(SpanPipeline pipeline)
        {
            this.pipeline = pipeline;
        }

        public SpanRecord Record { get; } = new SpanRecord();

        public int Version { get; private set; }

        public LocalTrace? Trace { get; private set; }

        public void Begin(LocalTrace trace, bool records)
        {
            Trace = trace;
            recording = records;
        }

        /// <summary>Whether the handle means the present span and that span is kept. Call under the lock.</summary>
        public bool IsRecording(int version)
        {
            return version == Version && recording;
        }

        public long Now()
        {
            return Trace!.Now();
        }

        public void End(int version, long ticks)
        {
            bool records;
            lock (this)
            {
                if (version != Version)
                {
                    return;
                }

                Version++;
                records = recording;
                recording = false;
                Record.EndTicks = Math.Max(Record.StartTicks, ticks == 0 ? Now() : ticks);
            }

            pipeline.Ended(this, records);
        }

        /// <summary>The span is done with; returns its local trace if this was the last of it.</summary>
        public LocalTrace? Leave()
        {
            LocalTrace trace = Trace!;
            Trace = null;
            return Interlocked.Decrement(ref trace.Open) == 0 ? trace : null;
        }
    }
}
