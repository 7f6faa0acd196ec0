using System;

namespace Polyspan.Tests
{
    /// <summary>What the README of the package quotes, run; tests/docs compares the two.</summary>
    internal static class ExampleTests
    {
        public static void The_example_arrives_without_its_secret(Sink sink)
        {
            PolyspanSdk.Shutdown(TimeSpan.FromSeconds(5));
            Example.Buy(sink.Endpoint);
            Check.True(PolyspanSdk.Flush(TimeSpan.FromSeconds(10)), "flush");
            ReceivedSpan bought = sink.Single("buy item");
            Check.Equal("my-game", bought.Resource["service.name"], "service name");
            Check.Equal("sword", bought.Attributes["item"], "what may be seen");
            Check.Equal("[REDACTED]", bought.Attributes["player"], "what may not");
            PolyspanSdk.Shutdown(TimeSpan.FromSeconds(5));
            LifecycleTests.Init(sink);
        }
    }
}
