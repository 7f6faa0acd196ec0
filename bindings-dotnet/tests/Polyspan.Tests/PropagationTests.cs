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
