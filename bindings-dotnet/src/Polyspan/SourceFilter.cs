using System;
using System.Collections.Generic;

namespace Polyspan
{
    /// <summary>Decides by name which activity sources or meters are listened to; case does not matter.</summary>
    internal sealed class SourceFilter
    {
        private readonly List<string> patterns;

        public SourceFilter(IEnumerable<string> patterns)
        {
            this.patterns = new List<string>(patterns);
        }

        public bool Matches(string name)
        {
            if (name.Length == 0)
            {
                // Activities made without a source; they would come without having been sampled.
                return false;
            }

            if (patterns.Count == 0)
            {
                return !name.StartsWith("Experimental.", StringComparison.Ordinal);
            }

            foreach (string pattern in patterns)
            {
                if (Matches(pattern, 0, name, 0))
                {
                    return true;
                }
            }

            return false;
        }

        private static bool Matches(string pattern, int p, string name, int n)
        {
            while (p < pattern.Length)
            {
                if (pattern[p] == '*')
                {
                    for (int rest = n; rest <= name.Length; rest++)
                    {
                        if (Matches(pattern, p + 1, name, rest))
                        {
                            return true;
                        }
                    }

                    return false;
                }

                if (n >= name.Length || char.ToUpperInvariant(pattern[p]) != char.ToUpperInvariant(name[n]))
                {
                    return false;
                }

                p++;
                n++;
            }

            return n == name.Length;
        }
    }
}
