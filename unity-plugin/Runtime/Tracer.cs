#nullable enable
using System;

namespace Polyspan
{
    /// <summary>Starts spans for one part of the game (an instrumentation scope). Get one from <see cref="PolyspanSdk.GetTracer"/>.</summary>
    public sealed class Tracer
    {
        private readonly SpanPipeline? pipeline;
        private readonly uint index;

        internal Tracer(SpanPipeline? pipeline, uint index)
        {
            this.pipeline = pipeline;
            this.index = index;
        }

        /// <summary>Starts a child of <see cref="Span.Current"/>, or a new trace if there is none. Allocates nothing in steady state.</summary>
        public Span Start(string name, SpanKind kind = SpanKind.Internal)
        {
            return Start(name, Span.Current, kind);
        }

        /// <summary>Starts a child of the given span; of a span that records nothing, a new trace.</summary>
        public Span Start(string name, in Span parent, SpanKind kind = SpanKind.Internal)
        {
            return pipeline == null ? default : pipeline.Start(index, name, kind, parent, parent.Context);
        }

        /// <summary>Starts a span that continues a context, for instance one read from headers.</summary>
        public Span Start(string name, in SpanContext parent, SpanKind kind = SpanKind.Internal)
        {
            return pipeline == null ? default : pipeline.Start(index, name, kind, default, parent);
        }

        /// <summary>Starts a child of the given span that has begun at a time of the past.</summary>
        public Span Start(string name, in Span parent, SpanKind kind, DateTimeOffset startTime)
        {
            return pipeline == null ? default : pipeline.Start(index, name, kind, parent, parent.Context, Ticks(startTime));
        }

        /// <summary>Starts a span that continues a context and has begun at a time of the past.</summary>
        public Span Start(string name, in SpanContext parent, SpanKind kind, DateTimeOffset startTime)
        {
            return pipeline == null ? default : pipeline.Start(index, name, kind, default, parent, Ticks(startTime));
        }

        /// <summary>Starts a new trace.</summary>
        public Span StartRoot(string name, SpanKind kind = SpanKind.Internal)
        {
            return Start(name, default(SpanContext), kind);
        }

        private static long Ticks(DateTimeOffset time)
        {
            return time.UtcTicks - Native.SpanRecord.UnixEpochTicks;
        }
    }
}
