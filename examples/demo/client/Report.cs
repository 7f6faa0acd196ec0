using System;
using System.IO;
using System.Text;
using Polyspan;

namespace Game
{
    /// <summary>
    /// One line of JSON at the end, for the demo's checks: what became of this process's spans, under which policy, and
    /// whether the binding's own library was mapped.
    /// </summary>
    internal static class Report
    {
        public static void Print()
        {
            Console.WriteLine(
                "{\"service\":" + Quoted(Environment.GetEnvironmentVariable("OTEL_SERVICE_NAME"))
                + ",\"binding\":\"unity\",\"library\":" + Quoted(Mapped("libpolyspan_native.so"))
                + ",\"stats\":" + PolyspanSdk.Stats().ToJson()
                + ",\"describe\":" + Quoted(PolyspanSdk.Describe()) + "}");
        }

        /// <summary>The path of a mapped file by its name.</summary>
        private static string? Mapped(string name)
        {
            foreach (string line in File.ReadLines("/proc/self/maps"))
            {
                if (line.EndsWith("/" + name, StringComparison.Ordinal))
                {
                    return line.Substring(line.IndexOf('/'));
                }
            }

            return null;
        }

        private static string Quoted(string? text)
        {
            var quoted = new StringBuilder("\"");
            foreach (char letter in text ?? string.Empty)
            {
                if (letter < ' ' || letter == '"' || letter == '\\')
                {
                    quoted.Append("\\u").Append(((int)letter).ToString("x4"));
                }
                else
                {
                    quoted.Append(letter);
                }
            }

            return quoted.Append('"').ToString();
        }
    }
}
