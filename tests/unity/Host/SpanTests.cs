using System;
using System.Collections.Generic;
using System.Net;
using System.Net.Http;
using System.Threading;
using System.Threading.Tasks;
using UnityEngine;
using UnityEngine.Networking;

namespace Polyspan.Tests
{
    /// <summary>The package's API, as a game uses it, down to exported bytes.</summary>
    internal static class SpanTests
    {
        private static readonly TimeSpan Timeout = TimeSpan.FromSeconds(10);

        public static void A_span_arrives_with_all_its_parts(Sink sink)
        {
            Tracer tracer = PolyspanSdk.GetTracer("game.combat", "2.0");
            Span root = tracer.StartRoot("turn");
            Span child = tracer.Start("hit", root, SpanKind.Client);
            child.SetAttribute("text", "x");
            child.SetAttribute("int", 7);
            child.SetAttribute("double", 0.5);
            child.SetAttribute("bool", true);
            child.SetAttribute("list", new[] { 1, 2 });
            child.SetAttribute("text", "overwritten");
            child.AddEvent("crit", new KeyValuePair<string, object?>("damage", 12));
            child.AddLink(root.Context);
            child.RecordException(new InvalidOperationException("missed"));
            child.SetStatus(StatusCode.Error, "missed");
            child.UpdateName("hit enemy");
            child.End();
            child.SetAttribute("late", 1);
            child.End();
            root.End();
            Check.True(PolyspanSdk.Flush(Timeout), "flush");

            ReceivedSpan received = sink.Single("hit enemy");
            ReceivedSpan parent = sink.Single("turn");
            Check.Equal(root.Context.TraceId, received.TraceId, "trace id");
            Check.Equal(child.Context.SpanId, received.SpanId, "span id");
            Check.Equal(root.Context.SpanId, received.ParentId, "parent");
            Check.Equal(3UL, received.Kind, "kind");
            Check.Equal(2UL, received.Status, "status");
            Check.Equal("game.combat", received.Scope, "scope");
            Check.Equal("overwritten", received.Attributes["text"], "string");
            Check.Equal("7", received.Attributes["int"], "int");
            Check.Equal("0.5", received.Attributes["double"], "double");
            Check.Equal("true", received.Attributes["bool"], "bool");
            Check.Equal("[1,2]", received.Attributes["list"], "list");
            Check.True(!received.Attributes.ContainsKey("late"), "an ended span takes nothing");
            Check.Equal("crit,exception", string.Join(",", received.Events), "events");
            Check.Equal(root.Context.SpanId, received.Links[0], "link");
            Check.True(received.Start >= parent.Start && received.End <= parent.End, "a child lies within its parent");
            Check.Equal("unity", received.Resource["polyspan.binding"], "binding");
            Check.Equal("dotnet", received.Resource["telemetry.sdk.language"], "language");
            Check.Equal("fake game", received.Resource["service.name"], "service name");
        }

        public static void The_current_span_flows_through_await(Sink sink)
        {
            Tracer tracer = PolyspanSdk.GetTracer("game");
            using (Span root = tracer.StartRoot("awaited root"))
            using (root.Activate())
            {
                Task.Run(async () =>
                {
                    await Task.Yield();
                    Check.Equal(root.Context.SpanId, Span.Current.Context.SpanId, "current after await");
                    using (tracer.Start("awaited child"))
                    {
                    }
                }).Wait();
            }

            Check.True(!Span.Current.Context.IsValid, "nothing is current any more");
            Check.True(PolyspanSdk.Flush(Timeout), "flush");
            Check.Equal(sink.Single("awaited root").SpanId, sink.Single("awaited child").ParentId, "parent");
        }

        public static void A_child_of_an_ended_span_joins_its_trace(Sink sink)
        {
            Tracer tracer = PolyspanSdk.GetTracer("game");
            Span root = tracer.StartRoot("short root");
            root.End();
            Check.True(PolyspanSdk.Flush(Timeout), "flush");
            tracer.Start("late child", root).End();
            Check.True(PolyspanSdk.Flush(Timeout), "flush");
            Check.Equal(root.Context.SpanId, sink.Single("late child").ParentId, "parent");
            Check.Equal(root.Context.TraceId, sink.Single("late child").TraceId, "trace");
        }

        public static void Headers_are_injected_into_a_web_request(Sink sink)
        {
            Baggage.Set("tenant", "acme");
            Baggage.Set("customer", "jane.doe@example.com");
            using (Span span = PolyspanSdk.GetTracer("game").StartRoot("request", SpanKind.Client))
            {
                var request = new UnityWebRequest(sink.Endpoint);
                request.SetTraceHeaders(span);
                string traceparent = request.GetRequestHeader("traceparent") ?? string.Empty;
                Check.Equal("00-" + span.Context.TraceId + "-" + span.Context.SpanId + "-03", traceparent, "traceparent");
                string baggage = request.GetRequestHeader("baggage") ?? string.Empty;
                Check.True(baggage.Contains("tenant=acme"), "baggage: " + baggage);
                Check.True(!baggage.Contains("jane"), "baggage is redacted: " + baggage);
                SpanContext read = Propagation.Extract(name => request.GetRequestHeader(name) is string value ? new[] { value } : null);
                Check.Equal(span.Context.SpanId, read.SpanId, "read back");
                Check.True(read.IsRemote && read.IsSampled, "remote and sampled");
            }

            Baggage.Set("tenant", null);
            Baggage.Set("customer", null);
            Check.True(PolyspanSdk.Flush(Timeout), "flush");
            Check.Equal("acme", sink.Single("request").Attributes["baggage.tenant"], "baggage as attribute");
            Check.Equal("[REDACTED]", sink.Single("request").Attributes["baggage.customer"], "redacted");
        }

        public static void A_remote_context_is_continued(Sink sink)
        {
            var baggage = new List<KeyValuePair<string, string?>>();
            SpanContext remote = Propagation.Extract(
                name => name == "traceparent" ? new[] { "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01" } : name == "baggage" ? new[] { "k=v" } : null,
                baggage);
            PolyspanSdk.GetTracer("game").Start("continued", remote, SpanKind.Server).End();
            Check.True(PolyspanSdk.Flush(Timeout), "flush");
            Check.Equal("0af7651916cd43dd8448eb211c80319c", sink.Single("continued").TraceId, "trace id");
            Check.Equal("b7ad6b7169203331", sink.Single("continued").ParentId, "parent");
            Check.Equal(0x300UL, sink.Single("continued").Flags & 0x300, "the parent is remote");
            Check.Equal("k=v", baggage[0].Key + "=" + baggage[0].Value, "baggage");
            Check.True(!Propagation.Extract(name => new[] { "rubbish" }).IsValid, "rubbish is no context");
        }

        public static void The_http_handler_makes_client_spans_and_names_hosts(Sink sink)
        {
            var inner = new RecordingHandler();
            Tracer tracer = PolyspanSdk.GetTracer("game.http");
            var client = new HttpClient(new TracingHttpHandler(tracer, new[] { "own.example" }, inner));
            client.GetAsync("http://own.example/a?token=1").Wait();
            Check.True(inner.Traceparent != null, "the own host gets headers");
            client.GetAsync("http://other.example/").Wait();
            Check.True(inner.Traceparent == null, "another host gets none");
            Check.True(PolyspanSdk.Flush(Timeout), "flush");
            List<ReceivedSpan> spans = sink.Spans.FindAll(span => span.Scope == "game.http");
            Check.Equal(2, spans.Count, "client spans");
            Check.Equal("418", spans[0].Attributes["http.response.status_code"], "status");
            Check.Equal(2UL, spans[0].Status, "4xx is an error for the client");
        }

        public static void Spans_allocate_nothing_in_steady_state(Sink sink)
        {
            Tracer tracer = PolyspanSdk.GetTracer("game.alloc");
            Span root = tracer.StartRoot("steady root");
            for (int i = 0; i < 2000; i++)
            {
                Work(tracer, root);
            }

            Check.True(PolyspanSdk.Flush(Timeout), "flush");
            int collections = GC.CollectionCount(0);
            long before = GC.GetTotalMemory(true);
            collections = GC.CollectionCount(0);
            for (int i = 0; i < 500; i++)
            {
                Work(tracer, root);
            }

            long grown = GC.GetTotalMemory(false) - before;
            Check.Equal(collections, GC.CollectionCount(0), "collections");

            // 500 spans with a string each would be 20 KB at the least; Mono accounts for thread-local chunks of 4 KB.
            Check.True(grown < 16 * 1024, "500 spans grew the heap by " + grown + " bytes");
            root.End();
        }

        public static void Many_threads_lose_no_span(Sink sink)
        {
            Check.True(PolyspanSdk.Flush(Timeout), "flush");
            PolyspanStats before = PolyspanSdk.Stats();
            Tracer tracer = PolyspanSdk.GetTracer("game.threads");
            var threads = new List<Thread>();
            for (int t = 0; t < 4; t++)
            {
                threads.Add(new Thread(() =>
                {
                    for (int i = 0; i < 2000; i++)
                    {
                        using (Span root = tracer.StartRoot("root"))
                        using (Span child = tracer.Start("child", root))
                        {
                            child.SetAttribute("i", i);
                        }
                    }
                }));
            }

            threads.ForEach(thread => thread.Start());
            threads.ForEach(thread => thread.Join());
            Check.True(PolyspanSdk.Flush(Timeout), "flush");
            PolyspanStats after = PolyspanSdk.Stats();
            Check.Equal(16000UL, after.Started - before.Started, "started");
            Check.Equal(16000UL, after.Ended - before.Ended, "ended");
            Check.Equal(after.Ended, after.Delivered + after.Dropped + after.SampledOut, "accounted for: " + after.ToJson());
            Check.Equal(after.Dropped, after.DroppedQueueFull, "only the full ring drops");
            Check.Equal((ulong)sink.Spans.FindAll(span => span.Scope == "game.threads").Count, after.Delivered - before.Delivered, "received");
        }

        public static void Pausing_flushes_once_the_game_runs(Sink sink)
        {
            PolyspanSdk.GetTracer("game").StartRoot("before pause").End();
            FakeUnity.Send("OnApplicationPause", true);
            FakeUnity.Send("Update");
            FakeUnity.Send("OnApplicationPause", true);
            Check.Soon(() => sink.Spans.Exists(span => span.Name == "before pause"), () => "the span was not sent at pause");
        }

        private static void Work(Tracer tracer, in Span root)
        {
            using (Span span = tracer.Start("steady", root))
            {
                span.SetAttribute("key", "value");
                span.SetAttribute("number", 1);
            }
        }

        private sealed class RecordingHandler : HttpMessageHandler
        {
            public string? Traceparent { get; private set; }

            protected override Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
            {
                Traceparent = request.Headers.TryGetValues("traceparent", out IEnumerable<string>? values) ? string.Join(",", values) : null;
                return Task.FromResult(new HttpResponseMessage((HttpStatusCode)418));
            }
        }
    }
}
