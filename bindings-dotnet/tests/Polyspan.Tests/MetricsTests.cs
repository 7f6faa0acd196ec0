using System.Diagnostics.Metrics;
using Xunit;

namespace Polyspan.Tests;

/// <summary>One counter, from .NET's own API to the receiver.</summary>
public class MetricsTests
{
    [Fact]
    public void A_counter_arrives_as_a_monotonic_sum()
    {
        using var meter = new Meter("tests.meter");
        Counter<long> orders = meter.CreateCounter<long>("orders", "{order}", "Orders taken");
        using var running = new Running(options => options.Meters.Add("tests.*"));
        Counter<double> weight = meter.CreateCounter<double>("weight", "kg");
        orders.Add(2, new KeyValuePair<string, object?>("shop", "north"));
        orders.Add(3, new KeyValuePair<string, object?>("shop", "north"));
        orders.Add(1, new KeyValuePair<string, object?>("shop", "south"), new KeyValuePair<string, object?>("n", 7), new KeyValuePair<string, object?>("ok", true));
        weight.Add(1.5);
        running.Flush();

        ReceivedSum north = Last(running, "orders", sum => Equals(sum.Attributes.GetValueOrDefault("shop"), "north"));
        Assert.Equal((5.0, true, "{order}", "tests.meter"), (north.Value, north.Monotonic, north.Unit, north.Meter));
        ReceivedSum south = Last(running, "orders", sum => Equals(sum.Attributes.GetValueOrDefault("shop"), "south"));
        Assert.Equal((7L, true), (south.Attributes["n"], south.Attributes["ok"]));
        Assert.Equal(1.5, Last(running, "weight", _ => true).Value);
    }

    [Fact]
    public void Meters_that_were_not_chosen_are_left_alone()
    {
        using var meter = new Meter("other.meter");
        using var running = new Running(options => options.Meters.Add("tests.*"));
        Assert.False(meter.CreateCounter<long>("c").Enabled);
    }

    private static ReceivedSum Last(Running running, string name, Func<ReceivedSum, bool> which)
    {
        return running.Sink.Sums.Last(sum => sum.Name == name && which(sum));
    }
}
