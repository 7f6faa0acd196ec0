#nullable enable
using System;

namespace Polyspan.Native
{
    /// <summary>
    /// The text half of a span batch: all strings one after the other, in UTF-16 as C# has them, so that the application
    /// pays for a copy and never for an encoding.
    /// </summary>
    internal sealed class TextBuffer
    {
        private const int InternSlots = 256;

        private readonly string?[] internKeys = new string?[InternSlots];
        private readonly ulong[] internRefs = new ulong[InternSlots];

        /// <summary>The characters; only the first <see cref="Length"/> count.</summary>
        public char[] Items;

        /// <summary>How many characters are in use.</summary>
        public int Length;

        /// <summary>Where the text of the record in the making has to end; see <see cref="Fits"/>.</summary>
        public int Budget = int.MaxValue;

        public TextBuffer(int capacity)
        {
            Items = new char[capacity];
        }

        /// <summary>
        /// Whether a string may be added to the record. One that may not is left out as a whole: a cut could hide a secret
        /// from the detector that would have found it.
        /// </summary>
        public bool Fits(int length)
        {
            return length <= Budget - Length;
        }

        /// <summary>Appends a string and returns its <c>ref</c>: offset in the low half, length in the high half.</summary>
        public ulong Add(string? text)
        {
            if (string.IsNullOrEmpty(text))
            {
                return 0;
            }

            int length = text!.Length;
            if (Items.Length - Length < length)
            {
                Array.Resize(ref Items, Math.Max(Items.Length * 2, Length + length));
            }

            text.CopyTo(0, Items, Length, length);
            ulong reference = SlotBuffer.Pair((uint)Length, (uint)length);
            Length += length;
            return reference;
        }

        /// <summary>
        /// Like <see cref="Add(string)"/>, for strings that come again and again (keys, names): the earlier copy is referred to.
        /// The table is direct-mapped and may forget; a forgotten string is only stored once more.
        /// </summary>
        public ulong Intern(string? text)
        {
            if (string.IsNullOrEmpty(text))
            {
                return 0;
            }

            int length = text!.Length;
            int slot = (length + (text[0] * 31) + (text[length >> 1] * 131) + (text[length - 1] * 17)) & (InternSlots - 1);
            if (string.Equals(internKeys[slot], text))
            {
                return internRefs[slot];
            }

            ulong reference = Add(text);
            internKeys[slot] = text;
            internRefs[slot] = reference;
            return reference;
        }

        /// <summary>Whether the text behind <paramref name="reference"/> equals <paramref name="text"/>.</summary>
        public bool Matches(ulong reference, string text)
        {
            if ((int)(reference >> 32) != text.Length)
            {
                return false;
            }

            int offset = (int)(uint)reference;
            for (int i = 0; i < text.Length; i++)
            {
                if (Items[offset + i] != text[i])
                {
                    return false;
                }
            }

            return true;
        }

        /// <summary>Appends the characters of another buffer and returns where they start (a record's text base).</summary>
        public int Add(TextBuffer other)
        {
            if (Items.Length - Length < other.Length)
            {
                Array.Resize(ref Items, Math.Max(Items.Length * 2, Length + other.Length));
            }

            int at = Length;
            Array.Copy(other.Items, 0, Items, at, other.Length);
            Length += other.Length;
            return at;
        }

        public void Clear()
        {
            Length = 0;
            Array.Clear(internKeys, 0, InternSlots);
        }
    }
}
