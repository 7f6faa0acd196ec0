#nullable enable
using System;
using System.Collections.Generic;
using System.Globalization;
using System.Text;

namespace Polyspan
{
    /// <summary>
    /// What can be set in code. Everything is optional: what is not set here comes from the environment
    /// (<c>OTEL_*</c>, <c>POLYSPAN_*</c>) or is the default. The core checks the values; a wrong one makes the start fail
    /// with a <see cref="PolyspanConfigException"/> that names the field, the value and what is allowed.
    /// </summary>
    public sealed partial class PolyspanOptions
    {
        private static void Add(List<KeyValuePair<string, string>> entries, string name, string? value)
        {
            if (value != null)
            {
                entries.Add(new KeyValuePair<string, string>(name, value));
            }
        }

        private static string? Text(string? value)
        {
            return value;
        }

        private static string? Text(bool? value)
        {
            return value == null ? null : value.Value ? "true" : "false";
        }

        private static string? Text(long? value)
        {
            return value?.ToString(CultureInfo.InvariantCulture);
        }

        private static string? Text(ulong? value)
        {
            return value?.ToString(CultureInfo.InvariantCulture);
        }

        private static string? Text(double? value)
        {
            return value?.ToString("R", CultureInfo.InvariantCulture);
        }

        private static string? Text(TimeSpan? value)
        {
            return value == null ? null : Text((long)value.Value.TotalMilliseconds);
        }

        private static string? Text(IDictionary<string, string> pairs)
        {
            if (pairs.Count == 0)
            {
                return null;
            }

            var list = new StringBuilder();
            foreach (KeyValuePair<string, string> pair in pairs)
            {
                list.Append(list.Length == 0 ? string.Empty : ",");
                list.Append(Uri.EscapeDataString(pair.Key)).Append('=').Append(Uri.EscapeDataString(pair.Value));
            }

            return list.ToString();
        }
    }

    /// <summary>An option has a value that is not allowed.</summary>
    public sealed class PolyspanConfigException : Exception
    {
        /// <summary>An exception whose message says which option, which value and what is allowed.</summary>
        public PolyspanConfigException(string message)
            : base(message)
        {
        }
    }
}
