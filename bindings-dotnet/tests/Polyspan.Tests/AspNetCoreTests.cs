using System.Diagnostics;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Polyspan.AspNetCore;
using Xunit;

namespace Polyspan.Tests;

/// <summary>A real Kestrel and a real HttpClient, as a user has them.</summary>
public class AspNetCoreTests
{
    [Fact]
    public async Task A_request_is_one_trace_from_client_to_server()
    {
        await using var app = await Application.Start();
        string body = await app.Client.GetStringAsync("/items/7?q=1");
        Assert.Equal("item 7 for acme", body);
        app.Flush();

        ReceivedSpan client = Assert.Single(app.Sink.Spans, span => span.Kind == 3);
        ReceivedSpan server = app.Sink.Single("GET /items/{id:int}");
        Assert.Equal((client.TraceId, client.SpanId), (server.TraceId, server.ParentId));
        Assert.Equal(0x300U, server.Flags & 0x300);
        Assert.Equal(2UL, server.Kind);
        Assert.Equal("Microsoft.AspNetCore", server.Scope);
        Assert.Equal("GET", server["http.request.method"]);
        Assert.Equal("/items/{id:int}", server["http.route"]);
        Assert.Equal("/items/7", server["url.path"]);
        Assert.Equal("q=1", server["url.query"]);
        Assert.Equal("http", server["url.scheme"]);
        Assert.Equal(200L, server["http.response.status_code"]);
        Assert.Equal("127.0.0.1", server["server.address"]);
        Assert.Equal((long)app.Client.BaseAddress!.Port, server["server.port"]);
        Assert.Equal("tests/1.0", server["user_agent.original"]);
        Assert.Equal("1.1", server["network.protocol.version"]);
        Assert.Equal(0UL, server.Status);
        ReceivedSpan inner = app.Sink.Single("inner");
        Assert.Equal(server.SpanId, inner.ParentId);
    }

    [Fact]
    public async Task An_exception_makes_the_span_an_error_with_the_exception_in_it()
    {
        await using var app = await Application.Start();
        Assert.Equal(500, (int)(await app.Client.GetAsync("/throws")).StatusCode);
        app.Flush();
        AssertFailed(app.Sink.Single("GET /throws"));
    }

    [Fact]
    public async Task An_exception_that_an_error_page_handles_is_seen_too()
    {
        await using var app = await Application.Start(errorPage: true);
        Assert.Equal("sorry", await (await app.Client.GetAsync("/throws")).Content.ReadAsStringAsync());
        app.Flush();
        AssertFailed(app.Sink.Single("GET /throws"));
    }

    [Fact]
    public async Task An_exception_shown_by_the_developers_page_is_seen_too()
    {
        await using var app = await Application.Start(environment: "Development");
        Assert.Equal(500, (int)(await app.Client.GetAsync("/throws")).StatusCode);
        app.Flush();
        AssertFailed(app.Sink.Single("GET /throws"));
    }

    [Fact]
    public async Task What_the_client_did_wrong_is_no_error_of_the_server()
    {
        await using var app = await Application.Start();
        Assert.Equal(404, (int)(await app.Client.GetAsync("/nowhere")).StatusCode);
        using var odd = new HttpRequestMessage(new HttpMethod("BREW"), "/nowhere");
        await app.Client.SendAsync(odd);
        app.Flush();
        ReceivedSpan server = Assert.Single(app.Sink.Spans, span => span.Kind == 2 && span.Name == "GET");
        Assert.Equal((0UL, 404L), (server.Status, server["http.response.status_code"]));
        Assert.Null(server["http.route"]);
        ReceivedSpan other = Assert.Single(app.Sink.Spans, span => span.Kind == 2 && span.Name == "HTTP");
        Assert.Equal(("_OTHER", "BREW"), (other["http.request.method"], other["http.request.method_original"]));
    }

    [Fact]
    public async Task Chosen_headers_are_captured_and_redacted()
    {
        await using var app = await Application.Start(configure: options =>
        {
            options.CaptureRequestHeaders.Add("X-Tenant");
            options.CaptureRequestHeaders.Add("Authorization");
            options.CaptureResponseHeaders.Add("X-Answer");
        });
        using var request = new HttpRequestMessage(HttpMethod.Get, "/items/1");
        request.Headers.Add("X-Tenant", "acme");
        request.Headers.Add("Authorization", "Bearer abcdefghijklmnop0123456789");
        await app.Client.SendAsync(request);
        app.Flush();
        ReceivedSpan server = app.Sink.Single("GET /items/{id:int}");
        Assert.Equal(["acme"], (object?[])server["http.request.header.x-tenant"]!);
        Assert.Equal(["42"], (object?[])server["http.response.header.x-answer"]!);
        Assert.DoesNotContain("abcdefghijklmnop0123456789", System.Text.Json.JsonSerializer.Serialize(server["http.request.header.authorization"]));
    }

    [Fact]
    public async Task Adding_it_twice_is_adding_it_once_and_stopping_the_host_sends_the_rest()
    {
        Sink sink;
        await using (var app = await Application.Start(twice: true))
        {
            sink = app.Sink;
            await app.Client.GetStringAsync("/items/7");
            await app.Stop();
            Assert.Null(PolyspanSdk.Current);
        }

        Assert.Single(sink.Spans, span => span.Kind == 2);
        Assert.Equal("second", sink.Spans[0].Resource["service.name"]);
    }

    private static void AssertFailed(ReceivedSpan server)
    {
        Assert.Equal((2UL, 500L), (server.Status, server["http.response.status_code"]));
        Assert.Equal("System.InvalidOperationException", server["error.type"]);
        Assert.Equal("/throws", server["url.path"]);
        ReceivedEvent exception = Assert.Single(server.Events);
        Assert.Equal("exception", exception.Name);
        Assert.Equal("out of order", exception.Attributes["exception.message"]);
    }

    private sealed class Application : IAsyncDisposable
    {
        private static readonly ActivitySource Source = new("tests.app");
        private readonly WebApplication app;

        private Application(WebApplication app, Sink sink)
        {
            this.app = app;
            Sink = sink;
            Client = new HttpClient { BaseAddress = new Uri(app.Urls.Single()) };
            Client.DefaultRequestHeaders.UserAgent.ParseAdd("tests/1.0");
        }

        public Sink Sink { get; }

        public HttpClient Client { get; }

        public static async Task<Application> Start(Action<PolyspanAspNetCoreOptions>? configure = null, bool errorPage = false, bool twice = false, string environment = "Production")
        {
            var sink = new Sink();
            WebApplicationBuilder builder = WebApplication.CreateBuilder(new WebApplicationOptions { EnvironmentName = environment });
            builder.WebHost.UseUrls("http://127.0.0.1:0");
            builder.Logging.ClearProviders();
            builder.Services.AddPolyspan(options =>
            {
                options.ServiceName = "app";
                options.Polyspan.Endpoint = sink.Endpoint;
                configure?.Invoke(options);
            });
            if (twice)
            {
                builder.Services.AddPolyspan(options => options.ServiceName = "second");
            }

            WebApplication app = builder.Build();
            if (errorPage)
            {
                app.UseExceptionHandler(handler => handler.Run(context => context.Response.WriteAsync("sorry")));
            }

            app.MapGet("/items/{id:int}", (int id, HttpContext context) =>
            {
                using Activity? inner = Source.StartActivity("inner");
                context.Response.Headers["X-Answer"] = "42";
                return $"item {id} for {Activity.Current?.GetBaggageItem("tenant") ?? "acme"}";
            });
            app.MapGet("/throws", string () => throw new InvalidOperationException("out of order"));
            await app.StartAsync();
            return new Application(app, sink);
        }

        public void Flush()
        {
            Assert.True(PolyspanSdk.Current!.Flush(Running.Timeout));
        }

        public async Task Stop()
        {
            Client.Dispose();
            await app.StopAsync();
        }

        public async ValueTask DisposeAsync()
        {
            Client.Dispose();
            await app.DisposeAsync();
            Sink.Dispose();
        }
    }
}
