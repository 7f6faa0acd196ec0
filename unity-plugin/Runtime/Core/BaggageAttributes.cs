#nullable enable
using System.Collections.Generic;

namespace Polyspan.Native
{
    /// <summary>
    /// The attributes <c>baggage.&lt;key&gt;</c> that spans get for entries of the baggage. Which ones, the core says; it is
    /// asked once for each key, so that a span costs no call.
    /// </summary>
    internal sealed unsafe class BaggageAttributes
    {
        /// <summary>Keys come from outside: there may be any number of them.</summary>
        private const int MostKeys = 1024;

        private readonly ulong handle;
        private readonly Dictionary<string, string?> names = new Dictionary<string, string?>();

        public BaggageAttributes(ulong handle)
        {
            this.handle = handle;
        }

        /// <summary>The attribute to which the entry is copied, or null if it is not.</summary>
        public string? NameOf(string key)
        {
            lock (names)
            {
                if (names.TryGetValue(key, out string? name))
                {
                    return name;
                }

                if (names.Count == MostKeys)
                {
                    names.Clear();
                }

                name = IsCopied(key) ? "baggage." + key : null;
                names[key] = name;
                return name;
            }
        }

        private bool IsCopied(string key)
        {
            Utf8Buffer text = Utf8Buffer.OfThread();
            text.Add(key);
            int copied;
            fixed (byte* data = text.Bytes)
            {
                int status = NativeMethods.polyspan_propagation_copies(handle, NativeCall.Bytes(data, text.Length), &copied);
                return status == NativeMethods.POLYSPAN_OK && copied != 0;
            }
        }
    }
}
