using System.Diagnostics;
using Xunit;

namespace Polyspan.Tests;

/// <summary>Values of every type that C# has, read back from exported bytes.</summary>
public class ValueTests
{
    private static readonly (object Given, object? Expected)[] Values =
    [
        ("text", "text"),
        ("", ""),
        ("emoji 😀", "emoji 😀"),
        ("lone \ud800 surrogate", "lone \ufffd surrogate"),
        (true, true),
        ((byte)200, 200L),
        ((sbyte)-5, -5L),
        ((short)-300, -300L),
        ((ushort)60_000, 60_000L),
        (-7, -7L),
        (4_000_000_000U, 4_000_000_000L),
        (long.MinValue, long.MinValue),
        (long.MaxValue, long.MaxValue),
        ((ulong)long.MaxValue, long.MaxValue),
        (ulong.MaxValue, "18446744073709551615"),
        (1.5f, 1.5),
        (double.NaN, double.NaN),
        (double.NegativeInfinity, double.NegativeInfinity),
        (12.50m, "12.50"),
        ('c', "c"),
        (DayOfWeek.Friday, "Friday"),
        (new Guid("00112233-4455-6677-8899-aabbccddeeff"), "00112233-4455-6677-8899-aabbccddeeff"),
        (new DateTime(2026, 11, 25, 10, 0, 0, DateTimeKind.Utc), "2026-11-25T10:00:00.0000000Z"),
        (new Uri("https://example.com/a"), "https://example.com/a"),
        (new byte[] { 0, 255, 7 }, new byte[] { 0, 255, 7 }),
        (new ReadOnlyMemory<byte>([9]), new byte[] { 9 }),
        (new[] { "a", null, "b" }, new object?[] { "a", null, "b" }),
        (new[] { 1, 2 }, new object?[] { 1L, 2L }),
        (new List<double> { 0.5 }, new object?[] { 0.5 }),
        (new object[] { new[] { true }, new[] { 1L } }, new object?[] { new object?[] { true }, new object?[] { 1L } }),
        (new Dictionary<string, object?> { ["a"] = 1, ["b"] = new[] { "c" } }, new Dictionary<string, object?> { ["a"] = 1L, ["b"] = new object?[] { "c" } }),
        (new Dictionary<int, string> { [1] = "x" }, new Dictionary<string, object?> { ["1"] = "x" }),
    ];

    [Fact]
    public void Every_type_arrives_as_OpenTelemetry_has_it()
    {
        using var running = new Running(options => options.Redaction = "off");
        using (Activity activity = running.Source.StartActivity("values")!)
        {
            int index = 0;
            foreach ((object given, _) in Values)
            {
                activity.SetTag("v" + index++, given);
            }

            activity.SetTag("null", null);
        }

        ReceivedSpan received = running.Exported("values");
        int at = 0;
        foreach ((_, object? expected) in Values)
        {
            Assert.Equal(expected, received["v" + at++]);
        }

        Assert.DoesNotContain("null", received.Attributes.Keys);
    }

    [Fact]
    public void Nesting_ends_at_the_cores_depth()
    {
        object value = "deep";
        for (int i = 0; i < 100; i++)
        {
            value = new[] { value };
        }

        using var running = new Running();
        running.Source.StartActivity("deep")!.SetTag("v", value).Dispose();
        int depth = 0;
        object? at = running.Exported("deep")["v"];
        while (at is object?[] array)
        {
            depth++;
            at = Assert.Single(array);
        }

        // 63 levels in all; those that readers of protobuf would refuse are JSON text, with an empty value at the bottom.
        Assert.Equal(46, depth);
        Assert.Equal(new string('[', 17) + "null" + new string(']', 17), at);
    }
}
