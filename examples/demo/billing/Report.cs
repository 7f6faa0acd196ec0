using System.Text.Json;
using System.Text.Json.Nodes;
using Polyspan;

namespace Billing
{
    /// <summary>
    /// One line of JSON at the end, for the demo's checks: what became of this process's spans, under which policy, and
    /// whether the binding's own library was mapped.
    /// </summary>
    internal static class Report
    {
        public static void Print(PolyspanSdk polyspan)
        {
            var report = new JsonObject
            {
                ["service"] = Environment.GetEnvironmentVariable("OTEL_SERVICE_NAME"),
                ["binding"] = "dotnet",
                ["library"] = Mapped("libpolyspan_native.so"),
                ["stats"] = JsonNode.Parse(polyspan.Stats().ToJson()),
                ["describe"] = polyspan.Describe(),
            };
            Console.WriteLine(report.ToJsonString());
        }

        /// <summary>The path of a mapped file by its name.</summary>
        private static string? Mapped(string name)
        {
            return File.ReadLines("/proc/self/maps")
                .Where(line => line.EndsWith("/" + name, StringComparison.Ordinal))
                .Select(line => line[line.IndexOf('/', StringComparison.Ordinal)..])
                .FirstOrDefault();
        }
    }
}
