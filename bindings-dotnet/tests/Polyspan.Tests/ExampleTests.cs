using System.Diagnostics;
using Xunit;

namespace Polyspan.Tests;

/// <summary>The programs from which the READMEs of the packages quote; tests/docs compares the two.</summary>
public class ExampleTests
{
    [Fact]
    public void Hello_arrives_without_its_secret_and_its_counter_too()
    {
        using var sink = new Sink();
        Play("Hello", sink);
        ReceivedSpan charge = sink.Single("charge");
        Assert.Equal("[REDACTED]", charge["card.number"]);
        ReceivedSum orders = Assert.Single(sink.Sums, sum => sum.Name == "orders");
        Assert.Equal(1L, orders.Value);
    }

    [Fact]
    public void HelloWeb_is_one_trace_from_client_to_server()
    {
        using var sink = new Sink();
        Play("HelloWeb", sink);
        ReceivedSpan server = sink.Single("GET /items/{id}");
        ReceivedSpan client = Assert.Single(sink.Spans, span => span.Kind == 3);
        Assert.Equal((client.TraceId, client.SpanId), (server.TraceId, server.ParentId));
        Assert.NotNull(server["http.request.header.x-tenant"]);
    }

    private static void Play(string example, Sink sink)
    {
        string program = Path.Combine(AppContext.BaseDirectory, example + ".dll");
        var start = new ProcessStartInfo(Environment.ProcessPath!, ["exec", program]) { RedirectStandardError = true };
        start.Environment["OTEL_EXPORTER_OTLP_ENDPOINT"] = sink.Endpoint;
        start.Environment["POLYSPAN_NATIVE_PATH"] = AppContext.BaseDirectory;
        using Process process = Process.Start(start)!;
        string errors = process.StandardError.ReadToEnd();
        Assert.True(process.WaitForExit(10_000));
        Assert.Equal((0, ""), (process.ExitCode, errors));
    }
}
