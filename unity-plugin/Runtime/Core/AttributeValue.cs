#nullable enable
using System;
using System.Collections;
using System.Collections.Generic;
using System.Globalization;

namespace Polyspan.Native
{
    /// <summary>
    /// Attribute values as slots. What C# has and OpenTelemetry has not:
    /// <list type="table">
    /// <item><term>ulong beyond <see cref="long.MaxValue"/></term><description>its decimal string</description></item>
    /// <item><term>decimal</term><description>its decimal string (a double would lose digits)</description></item>
    /// <item><term>byte[], memory and segments of bytes</term><description>bytes</description></item>
    /// <item><term>dictionaries with string keys</term><description>map</description></item>
    /// <item><term>other sequences</term><description>array</description></item>
    /// <item><term>everything else</term><description>its text in the invariant culture</description></item>
    /// </list>
    /// </summary>
    internal static class AttributeValue
    {
        private const uint Empty = 0;
        private const uint Bool = 1;
        private const uint Int = 2;
        private const uint Double = 3;
        private const uint String = 4;
        private const uint Bytes = 6;
        private const uint List = 7;
        private const uint Map = 8;

        /// <summary>Deepest nesting that is written, as the core counts it. What is deeper is written as empty.</summary>
        private const int MaxDepth = 63;

        /// <summary>Slots of a record's attributes beyond which bytes are left out (1 MiB), the core's rule too.</summary>
        private const int MaxByteSlots = 1 << 17;

        /// <summary>
        /// Sequences end where a record has this many slots, so that neither an endless sequence nor one that contains
        /// itself twice fills the memory.
        /// </summary>
        private const int MaxSlots = 1 << 17;

        public static void Write(SlotBuffer slots, bool value)
        {
            slots.Add(Bool, 0);
            slots.Add(value ? 1UL : 0UL);
        }

        public static void Write(SlotBuffer slots, long value)
        {
            slots.Add(Int, 0);
            slots.Add((ulong)value);
        }

        public static void Write(SlotBuffer slots, double value)
        {
            slots.Add(Double, 0);
            slots.Add(value);
        }

        public static void Write(SlotBuffer slots, TextBuffer text, string? value)
        {
            if (value != null && !text.Fits(value.Length))
            {
                WriteEmpty(slots);
                return;
            }

            slots.Add(String, 0);
            slots.Add(text.Add(value));
        }

        public static void Write(SlotBuffer slots, TextBuffer text, object? value, int depth)
        {
            switch (value)
            {
                case null:
                    WriteEmpty(slots);
                    break;
                case string s:
                    Write(slots, text, s);
                    break;
                case bool b:
                    Write(slots, b);
                    break;
                case int i:
                    Write(slots, (long)i);
                    break;
                case long l:
                    Write(slots, l);
                    break;
                case double d:
                    Write(slots, d);
                    break;
                case float f:
                    Write(slots, (double)f);
                    break;
                case uint u:
                    Write(slots, (long)u);
                    break;
                case short n:
                    Write(slots, (long)n);
                    break;
                case ushort n:
                    Write(slots, (long)n);
                    break;
                case byte n:
                    Write(slots, (long)n);
                    break;
                case sbyte n:
                    Write(slots, (long)n);
                    break;
                case ulong u when u <= long.MaxValue:
                    Write(slots, (long)u);
                    break;
                case byte[] bytes:
                    WriteBytes(slots, bytes, 0, bytes.Length);
                    break;
                case ArraySegment<byte> segment:
                    WriteBytes(slots, segment.Array ?? Array.Empty<byte>(), segment.Offset, segment.Count);
                    break;
#if !POLYSPAN_NO_MEMORY
                case ReadOnlyMemory<byte> memory:
                    WriteCopy(slots, memory.ToArray());
                    break;
                case Memory<byte> memory:
                    WriteCopy(slots, memory.ToArray());
                    break;
#endif
                case IDictionary dictionary:
                    WriteMap(slots, text, dictionary, depth);
                    break;
                case IEnumerable<KeyValuePair<string, object?>> pairs:
                    WriteMap(slots, text, pairs, depth);
                    break;
                case IEnumerable<KeyValuePair<string, string?>> pairs:
                    WriteMap(slots, text, pairs, depth);
                    break;
                case IEnumerable sequence:
                    WriteList(slots, text, sequence, depth);
                    break;
                default:
                    Write(slots, text, TextOf(value));
                    break;
            }
        }

        /// <summary>How many slots the value at <paramref name="at"/> takes.</summary>
        public static int Length(ulong[] slots, int at)
        {
            uint type = (uint)slots[at];
            int count = (int)(slots[at] >> 32);
            if (type <= 5)
            {
                return 2;
            }

            if (type == Bytes)
            {
                return 1 + ((count + 7) / 8);
            }

            int next = at + 1;
            for (int i = 0; i < count; i++)
            {
                next += type == Map ? 1 : 0;
                next += Length(slots, next);
            }

            return next - at;
        }

        private static void WriteEmpty(SlotBuffer slots)
        {
            slots.Add(Empty, 0);
            slots.Add(0UL);
        }

        private static void WriteCopy(SlotBuffer slots, byte[] bytes)
        {
            WriteBytes(slots, bytes, 0, bytes.Length);
        }

        private static void WriteBytes(SlotBuffer slots, byte[] bytes, int offset, int count)
        {
            if (slots.Length + (count / 8) > MaxByteSlots)
            {
                WriteEmpty(slots);
                return;
            }

            slots.Add(Bytes, (uint)count);
            int at = slots.Reserve((count + 7) / 8);
            if (count > 0)
            {
                slots.Items[slots.Length - 1] = 0;
                Buffer.BlockCopy(bytes, offset, slots.Items, at * 8, count);
            }
        }

        private static void WriteMap(SlotBuffer slots, TextBuffer text, IDictionary dictionary, int depth)
        {
            int head = BeginGroup(slots, Map, depth);
            if (head < 0)
            {
                return;
            }

            uint count = 0;
            foreach (DictionaryEntry entry in dictionary)
            {
                if (slots.Length >= MaxSlots)
                {
                    break;
                }

                count++;

                slots.Add(text.Add(entry.Key as string ?? TextOf(entry.Key)));
                Write(slots, text, entry.Value, depth + 1);
            }

            slots.Items[head] = SlotBuffer.Pair(Map, count);
        }

        private static void WriteMap<TValue>(SlotBuffer slots, TextBuffer text, IEnumerable<KeyValuePair<string, TValue>> pairs, int depth)
        {
            int head = BeginGroup(slots, Map, depth);
            if (head < 0)
            {
                return;
            }

            uint count = 0;
            foreach (KeyValuePair<string, TValue> pair in pairs)
            {
                if (slots.Length >= MaxSlots)
                {
                    break;
                }

                count++;

                slots.Add(text.Add(pair.Key));
                Write(slots, text, pair.Value, depth + 1);
            }

            slots.Items[head] = SlotBuffer.Pair(Map, count);
        }

        private static void WriteList(SlotBuffer slots, TextBuffer text, IEnumerable sequence, int depth)
        {
            int head = BeginGroup(slots, List, depth);
            if (head < 0)
            {
                return;
            }

            uint count = 0;
            foreach (object? element in sequence)
            {
                if (slots.Length >= MaxSlots)
                {
                    break;
                }

                count++;

                Write(slots, text, element, depth + 1);
            }

            slots.Items[head] = SlotBuffer.Pair(List, count);
        }

        private static int BeginGroup(SlotBuffer slots, uint type, int depth)
        {
            if (depth >= MaxDepth)
            {
                WriteEmpty(slots);
                return -1;
            }

            slots.Add(type, 0);
            return slots.Length - 1;
        }

        private static string TextOf(object value)
        {
            return value is IFormattable formattable
                ? formattable.ToString(value is DateTime || value is DateTimeOffset ? "O" : null, CultureInfo.InvariantCulture)
                : value.ToString() ?? string.Empty;
        }
    }
}
