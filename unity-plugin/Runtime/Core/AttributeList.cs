#nullable enable
using System;

namespace Polyspan.Native
{
    /// <summary>
    /// A run of attributes at the end of a slot buffer: of a span, an event or a link. A key stands at most once; setting
    /// it again overwrites the value where it stands. Beyond the limit new keys are dropped and counted.
    /// </summary>
    internal sealed class AttributeList
    {
        private readonly SlotBuffer slots;
        private readonly TextBuffer text;
        private readonly bool intern;
        private int start;
        private int limit;
        private int tail;
        private int found;

        public AttributeList(SlotBuffer slots, TextBuffer text, bool intern)
        {
            this.slots = slots;
            this.text = text;
            this.intern = intern;
        }

        /// <summary>How many attributes there are.</summary>
        public int Count { get; private set; }

        /// <summary>How many the limit kept out.</summary>
        public int Dropped { get; private set; }

        /// <summary>Starts an empty run at the end of the buffer.</summary>
        public void Begin(int countLimit)
        {
            start = slots.Length;
            limit = countLimit;
            Count = 0;
            Dropped = 0;
        }

        public void Set(string key, string? value)
        {
            if (Open(key))
            {
                AttributeValue.Write(slots, text, value);
                Close();
            }
        }

        public void Set(string key, long value)
        {
            if (Open(key))
            {
                AttributeValue.Write(slots, value);
                Close();
            }
        }

        public void Set(string key, double value)
        {
            if (Open(key))
            {
                AttributeValue.Write(slots, value);
                Close();
            }
        }

        public void Set(string key, bool value)
        {
            if (Open(key))
            {
                AttributeValue.Write(slots, value);
                Close();
            }
        }

        /// <summary>Sets a value of any type; what has no counterpart becomes its text. A null is not an attribute.</summary>
        public void Set(string key, object? value)
        {
            if (value == null || !Open(key))
            {
                return;
            }

            try
            {
                AttributeValue.Write(slots, text, value, 0);
            }
            catch (Exception failure)
            {
                // The value's own code (an enumerator, ToString) threw; that must not end the thread that encodes.
                slots.Length = tail;
                AttributeValue.Write(slots, text, "<" + value.GetType().FullName + " threw " + failure.GetType().Name + ">");
            }

            Close();
        }

        /// <summary>
        /// Prepares for the value to be appended. A value that replaces another is appended too and moved by
        /// <see cref="Close"/>, so every kind of value has one writer.
        /// </summary>
        private bool Open(string key)
        {
            if (string.IsNullOrEmpty(key))
            {
                return false;
            }

            found = Find(key);
            if (found < 0)
            {
                if (Count >= limit || !text.Fits(key.Length))
                {
                    Dropped++;
                    return false;
                }

                Count++;
                slots.Add(intern ? text.Intern(key) : text.Add(key));
            }

            tail = slots.Length;
            return true;
        }

        private void Close()
        {
            if (found >= 0)
            {
                slots.ReplaceWithTail(found, AttributeValue.Length(slots.Items, found), tail);
            }
        }

        /// <summary>The index of the value of <paramref name="key"/>, or -1.</summary>
        private int Find(string key)
        {
            int at = start;
            for (int i = 0; i < Count; i++)
            {
                if (text.Matches(slots.Items[at], key))
                {
                    return at + 1;
                }

                at += 1 + AttributeValue.Length(slots.Items, at + 1);
            }

            return -1;
        }
    }
}
