#nullable enable
using System;
using System.Collections.Generic;
using System.Threading;

namespace Polyspan
{
    /// <summary>
    /// Names and values that travel with the context, kept across <c>await</c>. They go to other processes: the core
    /// redacts what looks like a secret on the way out.
    /// </summary>
    public static class Baggage
    {
        private static readonly AsyncLocal<KeyValuePair<string, string?>[]?> Flow = new AsyncLocal<KeyValuePair<string, string?>[]?>();

        /// <summary>The members that are set.</summary>
        public static IReadOnlyList<KeyValuePair<string, string?>> Current => Members;

        internal static KeyValuePair<string, string?>[] Members => Flow.Value ?? Array.Empty<KeyValuePair<string, string?>>();

        /// <summary>Sets a member, in the place of one of that name; null removes it.</summary>
        public static void Set(string key, string? value)
        {
            var members = new List<KeyValuePair<string, string?>>(Members);
            int place = members.FindIndex(member => member.Key == key);
            if (value == null)
            {
                members.RemoveAll(member => member.Key == key);
            }
            else if (place < 0)
            {
                members.Add(new KeyValuePair<string, string?>(key, value));
            }
            else
            {
                members[place] = new KeyValuePair<string, string?>(key, value);
            }

            Flow.Value = members.ToArray();
        }

        /// <summary>Replaces all members.</summary>
        public static void Replace(IEnumerable<KeyValuePair<string, string?>> members)
        {
            Flow.Value = new List<KeyValuePair<string, string?>>(members).ToArray();
        }
    }
}
