using System;
using UnityEngine;

namespace Polyspan.Tests
{
    /// <summary>Run in a process of its own, where no native library can be found.</summary>
    internal static class MissingLibrary
    {
        public static void Nothing_happens_but_one_warning(Sink sink)
        {
            PolyspanSdk.Init(new PolyspanOptions { Endpoint = sink.Endpoint });
            PolyspanSdk.Init(new PolyspanOptions { Endpoint = sink.Endpoint });
            Check.True(!PolyspanSdk.IsRunning, "not running");
            Span span = PolyspanSdk.GetTracer("game").StartRoot("nothing");
            span.SetAttribute("a", 1);
            span.AddEvent("e");
            Check.True(!span.Context.IsValid && !span.IsRecording, "an empty span");
            var request = new UnityEngine.Networking.UnityWebRequest("http://127.0.0.1");
            request.SetTraceHeaders(span);
            Check.True(request.GetRequestHeader("traceparent") == null, "no header");
            span.End();
            Check.True(PolyspanSdk.Flush(TimeSpan.Zero) && PolyspanSdk.Shutdown(TimeSpan.Zero), "flush and shutdown");
            Check.True(FakeUnity.Warnings.Count > 0 && FakeUnity.Warnings[0].Contains("polyspan_native"), string.Join("\n", FakeUnity.Warnings));
        }
    }
}
