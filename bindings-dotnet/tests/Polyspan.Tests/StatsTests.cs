using System.Diagnostics;
using System.Text.Json;
using Xunit;

namespace Polyspan.Tests;

/// <summary>Every span is accounted for.</summary>
public class StatsTests
{
    [Fact]
    public void All_that_was_started_is_delivered_and_counted()
    {
        using var running = new Running();
        Activity open = running.Source.StartActivity("open")!;
        for (int i = 0; i < 1000; i++)
        {
            running.Source.StartActivity("a")!.Dispose();
        }

        running.Flush();
        PolyspanStats stats = running.Sdk.Stats();
        Assert.Equal((1001UL, 1L, 1000UL, 1000UL, 0UL), (stats.Started, stats.Live, stats.Ended, stats.Delivered, stats.Dropped));
        Assert.Equal(1000, running.Sink.Spans.Select(span => span.SpanId).Distinct().Count());
        open.Dispose();
    }

    [Fact]
    public void Json_has_the_names_of_all_languages()
    {
        using var running = new Running();
        running.Source.StartActivity("a")!.Dispose();
        running.Flush();
        using JsonDocument json = JsonDocument.Parse(running.Sdk.Stats().ToJson());
        Assert.Equal(1, json.RootElement.GetProperty("delivered").GetInt64());
        Assert.True(json.RootElement.TryGetProperty("redacted", out _));
    }

    [Fact]
    public void A_burst_beyond_the_ring_is_dropped_counted_and_never_waits()
    {
        using var running = new Running();
        const int Spans = 100_000;
        var threads = Enumerable.Range(0, 4).Select(_ => new Thread(() =>
        {
            for (int i = 0; i < Spans / 4; i++)
            {
                running.Source.StartActivity("burst")!.Dispose();
            }
        })).ToList();
        threads.ForEach(thread => thread.Start());
        threads.ForEach(thread => thread.Join());
        running.Flush();
        PolyspanStats stats = running.Sdk.Stats();
        Assert.Equal((ulong)Spans, stats.Started);
        Assert.Equal((ulong)Spans, stats.Ended);
        Assert.Equal(stats.Ended, stats.Delivered + stats.Dropped);
        Assert.Equal(stats.Delivered, (ulong)running.Sink.Spans.Count);
        Assert.Equal(stats.Dropped, stats.DroppedQueueFull);
    }

    [Fact]
    public void What_the_receiver_refuses_is_counted_as_rejected()
    {
        using var running = new Running();
        running.Sink.Status = 400;
        running.Sdk.TakeDiagnostics();
        running.Source.StartActivity("a")!.Dispose();
        Assert.False(running.Sdk.Flush(Running.Timeout));
        PolyspanStats stats = running.Sdk.Stats();
        Assert.Equal((1UL, 1UL, 0UL), (stats.Ended, stats.DroppedRejected, stats.Delivered));
        Assert.NotEmpty(running.Sdk.TakeDiagnostics());
    }

    [Fact]
    public void Policy_and_fingerprint_can_be_read()
    {
        using var running = new Running();
        Assert.Matches("^r:[0-9a-f]{8} s:[0-9a-f]{8} p:[0-9a-f]{8}$", running.Sdk.Fingerprint());
        Assert.Contains(running.Sdk.Fingerprint(), running.Sdk.Describe());
    }
}
