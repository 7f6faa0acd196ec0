#nullable enable
using System;

namespace Polyspan.Native
{
    /// <summary>The growing array of 8-byte slots that a span batch is made of (docs/span-batch.md).</summary>
    internal sealed class SlotBuffer
    {
        /// <summary>The slots; only the first <see cref="Length"/> count.</summary>
        public ulong[] Items;

        /// <summary>How many slots are in use.</summary>
        public int Length;

        public SlotBuffer(int capacity)
        {
            Items = new ulong[capacity];
        }

        public void Add(ulong slot)
        {
            if (Length == Items.Length)
            {
                Grow(1);
            }

            Items[Length++] = slot;
        }

        /// <summary>Appends two 32-bit halves; <paramref name="low"/> comes first in memory.</summary>
        public void Add(uint low, uint high)
        {
            Add(Pair(low, high));
        }

        public void Add(double value)
        {
            Add((ulong)BitConverter.DoubleToInt64Bits(value));
        }

        public void Add(SlotBuffer other)
        {
            int at = Reserve(other.Length);
            Array.Copy(other.Items, 0, Items, at, other.Length);
        }

        /// <summary>Makes room for <paramref name="count"/> slots and returns the index of the first.</summary>
        public int Reserve(int count)
        {
            if (Items.Length - Length < count)
            {
                Grow(count);
            }

            int at = Length;
            Length += count;
            return at;
        }

        /// <summary>
        /// Puts the slots from <paramref name="tail"/> to the end in the place of the <paramref name="oldLength"/> slots
        /// at <paramref name="at"/>: how a value is overwritten by one of another size without changing the order of keys.
        /// </summary>
        public void ReplaceWithTail(int at, int oldLength, int tail)
        {
            int newLength = Length - tail;
            if (newLength == oldLength)
            {
                Array.Copy(Items, tail, Items, at, newLength);
                Length = tail;
                return;
            }

            var value = new ulong[newLength];
            Array.Copy(Items, tail, value, 0, newLength);
            int kept = tail - (at + oldLength);
            Array.Copy(Items, at + oldLength, Items, at + newLength, kept);
            Array.Copy(value, 0, Items, at, newLength);
            Length = at + newLength + kept;
        }

        public void Clear()
        {
            Length = 0;
        }

        public static ulong Pair(uint low, uint high)
        {
            return low | ((ulong)high << 32);
        }

        private void Grow(int needed)
        {
            Array.Resize(ref Items, Math.Max(Items.Length * 2, Length + needed));
        }
    }
}
