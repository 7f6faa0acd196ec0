using System.Diagnostics;
using Polyspan.Native;

namespace Polyspan
{
    /// <summary>
    /// The sampler's verdict on a local root, kept with its activity for all spans of the local trace. It is our own:
    /// <see cref="Activity.Recorded"/> says what any listener wanted, not what we decided.
    /// </summary>
    internal sealed class HeadVerdict
    {
        /// <summary>Spans of the local trace that were started and not yet taken to the core; only used in the root's.</summary>
        public int Open;

        public HeadVerdict(ActivityTracer tracer, HeadVerdict? root, in Decision decision)
        {
            Tracer = tracer;
            Root = root ?? this;
            Verdict = decision.Verdict;
            Flags = decision.Flags;
            HasThreshold = decision.HasThreshold;
            Threshold = decision.Threshold;
        }

        public ActivityTracer Tracer { get; }

        /// <summary>The verdict of the local root; itself for a root.</summary>
        public HeadVerdict Root { get; }

        public Verdict Verdict { get; }

        /// <summary>W3C trace flags; the random bit is the core's and does not show in <see cref="Activity.Id"/>.</summary>
        public byte Flags { get; }

        public bool HasThreshold { get; }

        public ulong Threshold { get; }

        /// <summary>Span id of the local root, as a number; set at its start.</summary>
        public ulong RootSpanId { get; set; }
    }
}
