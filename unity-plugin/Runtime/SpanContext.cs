#nullable enable
using System.Globalization;

namespace Polyspan
{
    /// <summary>The identity of a span: what crosses process boundaries.</summary>
    public readonly struct SpanContext
    {
        private readonly Native.ContextParts parts;

        internal SpanContext(in Native.ContextParts parts)
        {
            this.parts = parts;
        }

        /// <summary>Whether both ids are set.</summary>
        public bool IsValid => parts.IsValid;

        /// <summary>Whether the trace is recorded.</summary>
        public bool IsSampled => (parts.Flags & 1) != 0;

        /// <summary>Whether the context came from another process.</summary>
        public bool IsRemote => parts.Remote;

        /// <summary>The trace id, 32 hexadecimal digits. Makes a string.</summary>
        public string TraceId => Hex(parts.TraceHigh) + Hex(parts.TraceLow);

        /// <summary>The span id, 16 hexadecimal digits. Makes a string.</summary>
        public string SpanId => Hex(parts.SpanId);

        /// <summary>W3C trace flags.</summary>
        public byte TraceFlags => parts.Flags;

        /// <summary>The vendors' part of the context, as in the <c>tracestate</c> header; null if there is none.</summary>
        public string? TraceState => parts.TraceState;

        internal Native.ContextParts Parts => parts;

        private static string Hex(ulong value)
        {
            return value.ToString("x16", CultureInfo.InvariantCulture);
        }
    }
}
