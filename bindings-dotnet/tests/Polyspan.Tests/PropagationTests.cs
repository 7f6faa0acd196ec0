using System.Diagnostics;
using Xunit;

namespace Polyspan.Tests;

/// <summary>Headers through .NET's own interface.</summary>
public class PropagationTests
{
    private const string Traceparent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";

    [Fact]
    public void The_propagator_is_in_force_while_polyspan_runs()
    {
        DistributedContextPropagator before = DistributedContextPropagator.Current;
        using (var running = new Running())
        {
            Assert.Same(running.Sdk.Propagator, DistributedContextPropagator.Current);
            Assert.Equal(["baggage", "traceparent", "tracestate"], DistributedContextPropagator.Current.Fields.Order());
        }

        Assert.Same(before, DistributedContextPropagator.Current);
    }

    [Fact]
    public void Inject_writes_ids_random_bit_state_and_baggage()
    {
        using var running = new Running();
        using Activity activity = running.Source.StartActivity("a")!;
        activity.TraceStateString = "vendor=1";
        activity.AddBaggage("tenant", "acme corp");
        Dictionary<string, string> headers = Inject(activity);

        Assert.Equal($"00-{activity.TraceId}-{activity.SpanId}-0", headers["traceparent"][..^1]);
        Assert.Equal("3", headers["traceparent"][^1..]);
        Assert.Equal("vendor=1", headers["tracestate"]);
        Assert.Equal("tenant=acme%20corp", headers["baggage"]);
    }

    [Fact]
    public void Baggage_is_redacted_on_its_way_out_and_untouched_inside()
    {
        using var running = new Running();
        using Activity activity = running.Source.StartActivity("a")!;
        activity.AddBaggage("customer", "jane.doe@example.com");
        Dictionary<string, string> headers = Inject(activity);

        Assert.DoesNotContain("jane.doe", headers.GetValueOrDefault("baggage", ""));
        Assert.Equal("jane.doe@example.com", activity.GetBaggageItem("customer"));
    }

    [Fact]
    public void Other_formats_are_read_and_written_by_their_names()
    {
        const string B3 = "0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-1";
        using var running = new Running(options => options.Propagators = "b3,datadog");
        running.Sdk.Propagator.ExtractTraceIdAndState(null, Get(("b3", [B3])), out string? traceId, out _);
        Assert.Equal(Traceparent, traceId);
        using Activity activity = running.Source.StartActivity("a", ActivityKind.Server, traceId)!;
        Dictionary<string, string> headers = Inject(activity);
        Assert.Equal($"0af7651916cd43dd8448eb211c80319c-{activity.SpanId}-1", headers["b3"]);
        Assert.Equal("_dd.p.tid=0af7651916cd43dd", headers["x-datadog-tags"]);
    }

    [Fact]
    public void Fields_are_what_is_written_and_more_is_read()
    {
        using var running = new Running(options => options.Propagators = "jaeger");
        DistributedContextPropagator propagator = running.Sdk.Propagator;
        Assert.Equal(["uber-trace-id"], propagator.Fields);
        var asked = new List<string>();
        propagator.ExtractBaggage(null, (object? _, string name, out string? value, out IEnumerable<string>? values) =>
        {
            asked.Add(name);
            (value, values) = (null, null);
        });
        Assert.Equal(["jaeger-baggage", "uber-trace-id"], asked.Order());
    }

    [Fact]
    public void Baggage_becomes_tags_where_it_is_asked_for()
    {
        using var running = new Running(options => options.BaggageAttributes = "tenant,user.*");
        var own = new Dictionary<string, object?> { ["a"] = "1", ["baggage.tenant"] = "own" };
        using (Activity parent = running.Source.StartActivity("parent", ActivityKind.Internal, default(ActivityContext), own)!)
        {
            parent.AddBaggage("tenant", "6");
            parent.AddBaggage("tenant", "7");
            parent.AddBaggage("user.email", "ann@example.com");
            parent.AddBaggage("other", "x");
            running.Source.StartActivity("child")!.Dispose();
        }

        Dictionary<string, object?> child = running.Exported("child").Attributes;
        Assert.Equal(["baggage.tenant", "baggage.user.email"], child.Keys);
        Assert.Equal(("7", "[REDACTED]"), (child["baggage.tenant"], child["baggage.user.email"]));
        Assert.Equal(["a", "baggage.tenant"], running.Sink.Single("parent").Attributes.Keys);
    }

    [Fact]
    public void No_baggage_costs_no_memory()
    {
        using var activity = new Activity("a");
        Assert.Same(Array.Empty<KeyValuePair<string, string?>>(), PolyspanPropagator.OldestFirst(activity.Baggage));
    }

    [Fact]
    public void Extract_reads_what_came()
    {
        using var running = new Running();
        running.Sdk.Propagator.ExtractTraceIdAndState(null, Get(("traceparent", [Traceparent]), ("tracestate", ["a=1", "b=2"])), out string? traceId, out string? state);
        Assert.Equal(Traceparent, traceId);
        Assert.Equal("a=1,b=2", state);
        IEnumerable<KeyValuePair<string, string?>>? baggage = running.Sdk.Propagator.ExtractBaggage(null, Get(("baggage", ["k=v%20w;meta,l=2"])));
        Assert.Equal([new("k", "v w"), new("l", "2")], baggage!);
    }

    [Theory]
    [InlineData("")]
    [InlineData("00-00000000000000000000000000000000-b7ad6b7169203331-01")]
    [InlineData("00-0AF7651916CD43DD8448EB211C80319C-b7ad6b7169203331-01")]
    [InlineData("ff-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01")]
    [InlineData("00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01-more")]
    public void A_malformed_traceparent_is_no_parent(string traceparent)
    {
        using var running = new Running();
        running.Sdk.Propagator.ExtractTraceIdAndState(null, Get(("traceparent", [traceparent])), out string? traceId, out string? state);
        Assert.Null(traceId);
        Assert.Null(state);
    }

    [Fact]
    public void No_propagators_write_nothing()
    {
        using var running = new Running(options => options.Propagators = "none");
        using Activity activity = running.Source.StartActivity("a")!;
        Assert.Empty(Inject(activity));
    }

    [Fact]
    public void Large_baggage_comes_through_up_to_the_limits_of_the_specification()
    {
        using var running = new Running();
        using Activity activity = running.Source.StartActivity("a")!;
        activity.AddBaggage("big", new string('x', 3000));
        Assert.Equal("big=" + new string('x', 3000), Inject(activity)["baggage"]);
    }

    private static Dictionary<string, string> Inject(Activity activity)
    {
        var headers = new Dictionary<string, string>();
        DistributedContextPropagator.Current.Inject(activity, headers, static (carrier, name, value) => ((Dictionary<string, string>)carrier!).Add(name, value));
        return headers;
    }

    private static DistributedContextPropagator.PropagatorGetterCallback Get(params (string Name, string[] Lines)[] headers)
    {
        return (object? _, string name, out string? value, out IEnumerable<string>? values) =>
        {
            value = null;
            values = headers.Where(header => header.Name == name).Select(header => header.Lines).FirstOrDefault();
        };
    }
}
