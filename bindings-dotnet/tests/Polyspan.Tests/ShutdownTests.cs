using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using Xunit;

namespace Polyspan.Tests;

public class ShutdownTests
{
    [Fact]
    public void Dispose_sends_what_has_ended()
    {
        var running = new Running();
        running.Source.StartActivity("a")!.Dispose();
        running.Dispose();
        running.Sink.Single("a");
        Assert.Null(PolyspanSdk.Current);
    }

    [Fact]
    public void It_can_run_again_and_not_twice_at_once()
    {
        using (new Running())
        {
            Assert.Throws<InvalidOperationException>(() => PolyspanSdk.Init());
        }

        using var again = new Running();
        again.Source.StartActivity("again")!.Dispose();
        again.Exported("again");
    }

    [Fact]
    public void Disposing_under_load_loses_no_count()
    {
        for (int round = 0; round < 5; round++)
        {
            var running = new Running();
            bool stop = false;
            var threads = Enumerable.Range(0, 3).Select(_ => new Thread(() =>
            {
                while (!Volatile.Read(ref stop))
                {
                    using Activity? root = running.Source.StartActivity("root");
                    running.Source.StartActivity("child")?.Dispose();
                    Thread.Yield();
                }
            })).ToList();
            threads.ForEach(thread => thread.Start());
            Assert.True(SpinWait.SpinUntil(() => running.Sdk.Stats().Ended > 100, TimeSpan.FromSeconds(10)), "there is no load");
            running.Sdk.Dispose();
            running.Sdk.Dispose();
            Volatile.Write(ref stop, true);
            threads.ForEach(thread => thread.Join());
            AssertSettles(running.Sdk);
            running.Dispose();
        }
    }

    [Fact]
    public async Task A_dead_endpoint_does_not_hold_the_application_up()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        using var source = new ActivitySource("tests");
        PolyspanSdk sdk = PolyspanSdk.Init(options =>
        {
            options.Endpoint = $"http://127.0.0.1:{((IPEndPoint)listener.LocalEndpoint).Port}";
            options.Sources.Add("tests");
        });
        for (int i = 0; i < 100; i++)
        {
            source.StartActivity("a")!.Dispose();
        }

        // Nobody has answered yet, and nobody will: whoever waits for an answer hangs here.
        Assert.Equal((100UL, 0UL), (sdk.Stats().Ended, sdk.Stats().Delivered));
        Task<bool> shutdown = Task.Run(() => sdk.Shutdown(TimeSpan.FromMilliseconds(300)));
        Assert.False(await shutdown.WaitAsync(TimeSpan.FromSeconds(60)));
        PolyspanStats stats = sdk.Stats();
        Assert.Equal((100UL, 100UL, 0UL), (stats.Ended, stats.Dropped, stats.Delivered));
    }

    /// <summary>A server that answers every request with these bytes and hangs up.</summary>
    [Theory]
    [InlineData("")]
    [InlineData("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf")]
    [InlineData("\u0016\u0003\u0001 this is not HTTP\r\n\r\n")]
    public async Task A_broken_server_costs_no_more_than_its_spans(string answer)
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        Task serving = Task.Run(async () =>
        {
            byte[] request = new byte[65536];
            while (true)
            {
                using TcpClient client = await listener.AcceptTcpClientAsync();
                _ = await client.GetStream().ReadAsync(request);
                await client.GetStream().WriteAsync(System.Text.Encoding.Latin1.GetBytes(answer));
            }
        });
        using var source = new ActivitySource("tests");
        PolyspanSdk sdk = PolyspanSdk.Init(options =>
        {
            options.Endpoint = $"http://127.0.0.1:{((IPEndPoint)listener.LocalEndpoint).Port}";
            options.Sources.Add("tests");
        });
        for (int i = 0; i < 100; i++)
        {
            source.StartActivity("a")!.Dispose();
        }

        Task<bool> shutdown = Task.Run(() => sdk.Shutdown(TimeSpan.FromMilliseconds(300)));
        await shutdown.WaitAsync(TimeSpan.FromSeconds(60));
        AssertSettles(sdk);
        Assert.Equal((100UL, 0L), (sdk.Stats().Ended, sdk.Stats().Live));
        listener.Stop();
        await Assert.ThrowsAnyAsync<Exception>(() => serving);
    }

    /// <summary>What was in a request when time was over is counted when its answer comes.</summary>
    private static void AssertSettles(PolyspanSdk sdk)
    {
        PolyspanStats stats = sdk.Stats();
        for (int wait = 0; wait < 100 && stats.Ended != stats.Delivered + stats.Dropped; wait++)
        {
            Thread.Sleep(50);
            stats = sdk.Stats();
        }

        Assert.True(stats.Ended == stats.Delivered + stats.Dropped, stats.ToJson());
        Assert.True(stats.Started == (ulong)stats.Live + stats.Ended + stats.Abandoned, stats.ToJson());
    }

    [Theory]
    [InlineData("return")]
    [InlineData("exit")]
    [InlineData("stats")]
    public void A_process_that_just_ends_sends_its_spans(string ending)
    {
        using var sink = new Sink();
        using Process process = StartHost(sink, ending);
        string output = process.StandardOutput.ReadToEnd();
        Assert.True(process.WaitForExit(60_000));
        Assert.Equal(ending == "exit" ? 3 : 0, process.ExitCode);
        Assert.Equal(100, sink.Spans.Count);
        Assert.True(ending != "stats" || output.Contains("\"delivered\":100"), output);
    }

    [Theory]
    [InlineData("endpoint", "http://")]
    [InlineData("sampler", "parentbased_always_on")]
    [InlineData("sampler_arg", "0 to 1")]
    public void A_wrong_option_fails_with_its_name_its_value_and_what_is_allowed(string option, string allowed)
    {
        PolyspanConfigException failure = Assert.Throws<PolyspanConfigException>(() => PolyspanSdk.Init(options =>
        {
            switch (option)
            {
                case "endpoint": options.Endpoint = "not a url 17"; break;
                case "sampler": options.Sampler = "sometimes 17"; break;
                default: options.Sampler = "traceidratio"; options.SamplerArg = 17; break;
            }
        }));
        Assert.Contains(option, failure.Message);
        Assert.Contains("17", failure.Message);
        Assert.Contains(allowed, failure.Message);
        Assert.Null(PolyspanSdk.Current);
    }

    [Fact]
    public void A_wrong_variable_is_told_once_and_ignored()
    {
        using var sink = new Sink();
        using Process process = StartHost(sink, "return", ("OTEL_TRACES_SAMPLER", "sometimes 17"));
        string told = process.StandardError.ReadToEnd();
        Assert.True(process.WaitForExit(60_000));
        Assert.Contains("sometimes 17", Assert.Single(told.Split('\n'), line => line.Contains("OTEL_TRACES_SAMPLER")));
        Assert.Equal(100, sink.Spans.Count);
    }

    private static Process StartHost(Sink sink, string ending, params (string Name, string Value)[] variables)
    {
        string program = Path.Combine(AppContext.BaseDirectory, "Polyspan.ExitHost.dll");
        var start = new ProcessStartInfo(Environment.ProcessPath!, ["exec", program, sink.Endpoint, ending])
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        start.Environment["POLYSPAN_NATIVE_PATH"] = AppContext.BaseDirectory;
        foreach ((string name, string value) in variables)
        {
            start.Environment[name] = value;
        }

        return Process.Start(start)!;
    }
}
