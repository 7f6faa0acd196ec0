#nullable enable
using System;
using System.Threading;

namespace Polyspan
{
    /// <summary>While this scope is open a span is <see cref="Span.Current"/>. Setting it allocates; starting spans does not.</summary>
    public readonly struct ActiveSpan : IDisposable
    {
        private static readonly AsyncLocal<Span> Flow = new AsyncLocal<Span>();

        private readonly Span previous;

        internal ActiveSpan(in Span span)
        {
            previous = Flow.Value;
            Flow.Value = span;
        }

        internal static Span Current => Flow.Value;

        /// <summary>Makes the span current again that was so before.</summary>
        public void Dispose()
        {
            Flow.Value = previous;
        }
    }
}
