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
    public void A_dead_endpoint_does_not_hold_the_application_up()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        using var source = new ActivitySource("tests");
        PolyspanSdk sdk = PolyspanSdk.Init(options =>
        {
            options.Endpoint = $"http://127.0.0.1:{((IPEndPoint)listener.LocalEndpoint).Port}";
            options.Sources.Add("tests");
        });
        Stopwatch clock = Stopwatch.StartNew();
        for (int i = 0; i < 100; i++)
        {
            source.StartActivity("a")!.Dispose();
        }

        Assert.InRange(clock.ElapsedMilliseconds, 0, 1000);
        clock.Restart();
        Assert.False(sdk.Shutdown(TimeSpan.FromMilliseconds(300)));
        Assert.InRange(clock.ElapsedMilliseconds, 0, 1500);
        PolyspanStats stats = sdk.Stats();
        Assert.Equal((100UL, 100UL), (stats.Ended, stats.Dropped));
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
        string program = Path.Combine(AppContext.BaseDirectory, "Polyspan.ExitHost.dll");
        var start = new ProcessStartInfo(Environment.ProcessPath!, ["exec", program, sink.Endpoint, ending]) { RedirectStandardOutput = true };
        start.Environment["POLYSPAN_NATIVE_PATH"] = AppContext.BaseDirectory;
        using Process process = Process.Start(start)!;
        string output = process.StandardOutput.ReadToEnd();
        Assert.True(process.WaitForExit(10_000));
        Assert.Equal(ending == "exit" ? 3 : 0, process.ExitCode);
        Assert.Equal(100, sink.Spans.Count);
        Assert.True(ending != "stats" || output.Contains("\"delivered\":100"), output);
    }

    [Theory]
    [InlineData("endpoint")]
    [InlineData("sampler")]
    [InlineData("sampler_arg")]
    public void A_wrong_option_fails_with_its_name_and_value(string option)
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
        Assert.Null(PolyspanSdk.Current);
    }
}
