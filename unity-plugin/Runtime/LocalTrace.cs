#nullable enable
using System;
using System.Diagnostics;
using Polyspan.Native;

namespace Polyspan
{
    /// <summary>
    /// What the spans of one local trace share: the verdict of its root and one clock, so that no child seems to start
    /// before its parent. Used again when its last span has reached the core.
    /// </summary>
    internal sealed class LocalTrace
    {
        public int Open;
        public Decision Decision;
        public ulong RootSpanId;
        private long wallTicks;
        private long monotonicStart;

        public void Begin(in Decision decision, ulong rootSpanId)
        {
            Open = 1;
            Decision = decision;
            RootSpanId = rootSpanId;
            wallTicks = DateTime.UtcNow.Ticks - SpanRecord.UnixEpochTicks;
            monotonicStart = Stopwatch.GetTimestamp();
        }

        /// <summary>Ticks of 100 ns since 1970: the root's wall clock plus what has passed since.</summary>
        public long Now()
        {
            double passed = Stopwatch.GetTimestamp() - monotonicStart;
            return wallTicks + (long)(passed * TimeSpan.TicksPerSecond / Stopwatch.Frequency);
        }
    }
}
