using System.Diagnostics;

namespace Polyspan.Tests;

/// <summary>A polyspan that exports to a sink, and a source to make spans with.</summary>
internal sealed class Running : IDisposable
{
    public static readonly TimeSpan Timeout = TimeSpan.FromSeconds(10);

    public Running(Action<PolyspanOptions>? configure = null)
    {
        Sdk = PolyspanSdk.Init(options =>
        {
            options.ServiceName = "tests";
            options.Endpoint = Sink.Endpoint;
            options.Sources.Add("tests*");
            configure?.Invoke(options);
        });
    }

    public Sink Sink { get; } = new();

    public PolyspanSdk Sdk { get; }

    public ActivitySource Source { get; } = new("tests", "1.2.3");

    /// <summary>Sends everything and returns the span of this name.</summary>
    public ReceivedSpan Exported(string name)
    {
        Flush();
        return Sink.Single(name);
    }

    public void Flush()
    {
        Xunit.Assert.True(Sdk.Flush(Timeout), string.Join("\n", Sdk.TakeDiagnostics()));
    }

    public void Dispose()
    {
        Sdk.Dispose();
        Source.Dispose();
        Sink.Dispose();
    }
}
