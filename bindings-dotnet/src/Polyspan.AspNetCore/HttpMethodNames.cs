using System;

namespace Polyspan.AspNetCore
{
    /// <summary>The methods that the semantic conventions name; all others would make the attribute's values unbounded.</summary>
    internal static class HttpMethodNames
    {
        public const string Other = "_OTHER";

        private static readonly string[] Names = { "GET", "POST", "PUT", "DELETE", "HEAD", "PATCH", "OPTIONS", "CONNECT", "TRACE", "QUERY" };

        public static string Known(string method)
        {
            foreach (string name in Names)
            {
                if (string.Equals(name, method, StringComparison.OrdinalIgnoreCase))
                {
                    return name;
                }
            }

            return Other;
        }
    }
}
