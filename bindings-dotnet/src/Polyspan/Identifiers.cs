using System;
using System.Buffers.Binary;
using System.Diagnostics;
using Polyspan.Native;

namespace Polyspan
{
    /// <summary>Ids between .NET, which keeps them as hexadecimal text, and the core, which takes numbers.</summary>
    internal static class Identifiers
    {
        public static ulong Number(ActivitySpanId id)
        {
            Span<byte> bytes = stackalloc byte[8];
            id.CopyTo(bytes);
            return BinaryPrimitives.ReadUInt64BigEndian(bytes);
        }

        public static void Number(ActivityTraceId id, out ulong high, out ulong low)
        {
            Span<byte> bytes = stackalloc byte[16];
            id.CopyTo(bytes);
            high = BinaryPrimitives.ReadUInt64BigEndian(bytes);
            low = BinaryPrimitives.ReadUInt64BigEndian(bytes.Slice(8));
        }

        /// <summary>
        /// The trace flags of the parent's context. An activity shows them at the end of its parent's id only; its own flags
        /// say what the listeners wanted.
        /// </summary>
        public static byte FlagsOfParent(Activity activity)
        {
            return ActivityContext.TryParse(activity.ParentId, null, out ActivityContext parent) ? (byte)parent.TraceFlags : (byte)0;
        }

        public static ContextParts Parts(in ActivityContext context)
        {
            Number(context.TraceId, out ulong high, out ulong low);
            return new ContextParts
            {
                TraceHigh = high,
                TraceLow = low,
                SpanId = Number(context.SpanId),
                Flags = (byte)context.TraceFlags,
                Remote = context.IsRemote,
                TraceState = context.TraceState,
            };
        }
    }
}
