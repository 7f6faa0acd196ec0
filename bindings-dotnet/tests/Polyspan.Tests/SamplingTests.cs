using System.Diagnostics;
using Xunit;

namespace Polyspan.Tests;

public class SamplingTests
{
    private static readonly ActivityContext SampledParent = new(ActivityTraceId.CreateRandom(), ActivitySpanId.CreateRandom(), ActivityTraceFlags.Recorded, isRemote: true);
    private static readonly ActivityContext UnsampledParent = new(ActivityTraceId.CreateRandom(), ActivitySpanId.CreateRandom(), ActivityTraceFlags.None, isRemote: true);

    [Fact]
    public void A_sampled_span_is_all_data_and_recorded()
    {
        using var running = new Running(options => options.Sampler = "always_on");
        using Activity activity = running.Source.StartActivity("a")!;
        Assert.True(activity.IsAllDataRequested);
        Assert.True(activity.Recorded);
    }

    [Fact]
    public void A_dropped_root_is_made_for_its_context_and_its_children_are_not()
    {
        using var running = new Running(options => options.Sampler = "always_off");
        using Activity root = running.Source.StartActivity("root")!;
        Assert.False(root.IsAllDataRequested);
        Assert.False(root.Recorded);
        Assert.Null(running.Source.StartActivity("child"));
        root.Stop();
        running.Flush();
        Assert.Empty(running.Sink.Spans);
        PolyspanStats stats = running.Sdk.Stats();
        Assert.Equal((1UL, 1UL, 1UL, 0L), (stats.Started, stats.Ended, stats.SampledOut, stats.Live));
    }

    [Fact]
    public void A_parent_based_sampler_follows_the_remote_parent()
    {
        using var running = new Running(options => options.Sampler = "parentbased_always_on");
        using (Activity dropped = running.Source.StartActivity("dropped", ActivityKind.Server, UnsampledParent)!)
        {
            Assert.False(dropped.Recorded);
            Assert.False(dropped.IsAllDataRequested);
        }

        using (Activity kept = running.Source.StartActivity("kept", ActivityKind.Server, SampledParent)!)
        {
            Assert.True(kept.Recorded);
        }

        running.Flush();
        Assert.Equal("kept", Assert.Single(running.Sink.Spans).Name);
    }

    [Fact]
    public void A_ratio_keeps_whole_traces()
    {
        using var running = new Running(options =>
        {
            options.Sampler = "parentbased_traceidratio";
            options.SamplerArg = 0.5;
        });
        for (int i = 0; i < 200; i++)
        {
            using Activity root = running.Source.StartActivity("root")!;
            using Activity? child = running.Source.StartActivity("child");
            Assert.Equal(root.Recorded, child != null);
        }

        running.Flush();
        ILookup<string, ReceivedSpan> traces = running.Sink.Spans.ToLookup(span => span.TraceId);
        Assert.InRange(traces.Count, 50, 150);
        Assert.All(traces, trace => Assert.Equal(2, trace.Count()));
    }

    [Fact]
    public void The_wish_of_another_listener_does_not_change_the_verdict()
    {
        using var other = new ActivityListener
        {
            ShouldListenTo = source => source.Name == "tests",
            Sample = (ref ActivityCreationOptions<ActivityContext> _) => ActivitySamplingResult.AllDataAndRecorded,
        };
        ActivitySource.AddActivityListener(other);
        using var running = new Running(options => options.Sampler = "always_off");
        var headers = new Dictionary<string, string>();
        using (Activity root = running.Source.StartActivity("root")!)
        {
            Assert.True(root.Recorded);
            using Activity child = running.Source.StartActivity("child")!;
            DistributedContextPropagator.Current.Inject(child, headers, static (carrier, name, value) => ((Dictionary<string, string>)carrier!)[name] = value);
        }

        running.Flush();
        Assert.Empty(running.Sink.Spans);
        Assert.Equal("0", headers["traceparent"][^1..] is "0" or "2" ? "0" : headers["traceparent"]);
        PolyspanStats stats = running.Sdk.Stats();
        Assert.Equal((2UL, 2UL, 2UL), (stats.Started, stats.Ended, stats.SampledOut));
    }

    [Fact]
    public void An_activity_that_starts_on_another_thread_follows_its_parent_and_no_other_listener()
    {
        using var other = new ActivityListener
        {
            ShouldListenTo = source => source.Name == "tests",
            Sample = (ref ActivityCreationOptions<ActivityContext> _) => ActivitySamplingResult.AllDataAndRecorded,
        };
        ActivitySource.AddActivityListener(other);
        using var running = new Running(options => options.Sampler = "parentbased_always_on");
        foreach ((string name, ActivityContext parent) in new[] { ("dropped", UnsampledParent), ("kept", SampledParent) })
        {
            Activity created = running.Source.CreateActivity(name, ActivityKind.Server, parent)!;
            Assert.True(created.Recorded);
            var thread = new Thread(() => created.Start().Stop());
            thread.Start();
            thread.Join();
        }

        running.Flush();
        Assert.Equal("kept", Assert.Single(running.Sink.Spans).Name);
        PolyspanStats stats = running.Sdk.Stats();
        Assert.Equal((2UL, 2UL, 1UL), (stats.Started, stats.Ended, stats.SampledOut));
    }

    [Fact]
    public void Activities_that_start_later_than_they_were_created_have_their_own_verdicts()
    {
        using var running = new Running(options => options.Sampler = "parentbased_always_on");
        var dropping = new ActivityContext(SampledParent.TraceId, ActivitySpanId.CreateRandom(), ActivityTraceFlags.None, isRemote: true);
        Activity kept = running.Source.CreateActivity("kept", ActivityKind.Server, SampledParent)!;
        Activity dropped = running.Source.CreateActivity("dropped", ActivityKind.Server, dropping)!;
        kept.Start().Stop();
        dropped.Start().Stop();
        running.Flush();
        Assert.Equal("kept", Assert.Single(running.Sink.Spans).Name);
    }

    [Fact]
    public void A_child_of_an_explicit_local_context_has_the_verdict_of_its_local_root()
    {
        using var running = new Running(options => options.Sampler = "always_on");
        using (Activity root = running.Source.StartActivity("root")!)
        {
            running.Source.StartActivity("child", ActivityKind.Internal, root.Context)!.Dispose();
        }

        running.Flush();
        Assert.Equal(running.Sink.Single("root").SpanId, running.Sink.Single("child").ParentId);
        Assert.Equal(0U, running.Sink.Single("child").Flags & 0x200);
    }

    [Fact]
    public void Disabled_records_nothing_but_propagates()
    {
        using var running = new Running(options => options.Disabled = true);
        Assert.Null(running.Source.StartActivity("a"));
        using var activity = new Activity("by hand");
        activity.SetIdFormat(ActivityIdFormat.W3C).Start();
        string? traceparent = null;
        running.Sdk.Propagator.Inject(activity, null, (_, name, value) => traceparent = name == "traceparent" ? value : traceparent);
        Assert.Contains(activity.TraceId.ToHexString(), traceparent);
        Assert.Equal(0UL, running.Sdk.Stats().Started);
    }
}
