using UnityEngine.Networking;

namespace Polyspan.Tests
{
    /// <summary>A game's shop: what the READMEs quote. <see cref="ExampleTests"/> runs it.</summary>
    internal static class Example
    {
        public static void Buy(string endpoint)
        {
            PolyspanSdk.Init(new PolyspanOptions { ServiceName = "my-game", Endpoint = endpoint });
            Tracer tracer = PolyspanSdk.GetTracer("my-game.shop");

            using (Span span = tracer.Start("buy item"))
            {
                span.SetAttribute("item", "sword");
                span.SetAttribute("player", "ann@example.com"); // leaves the device as [REDACTED]
                var request = new UnityWebRequest("https://api.example.com/buy");
                request.SetTraceHeaders(span); // the service continues this trace
            }
        }
    }
}
