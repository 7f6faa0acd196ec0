using System.Diagnostics;
using Xunit;

namespace Polyspan.Tests;

/// <summary>From an activity to what arrives at the receiver.</summary>
public class TracerTests
{
    [Fact]
    public void An_activity_arrives_with_all_its_parts()
    {
        using var running = new Running();
        string traceId, rootId, childId;
        DateTime start;
        TimeSpan duration;
        using (Activity root = running.Source.StartActivity("root", ActivityKind.Server)!)
        {
            Activity child = running.Source.StartActivity("child", ActivityKind.Client)!;
            child.DisplayName = "renamed";
            child.SetTag("text", "x");
            child.SetStatus(ActivityStatusCode.Error, "went wrong");
            child.Stop();
            (traceId, rootId, childId) = (root.TraceId.ToHexString(), root.SpanId.ToHexString(), child.SpanId.ToHexString());
            (start, duration) = (child.StartTimeUtc, child.Duration);
        }

        ReceivedSpan received = running.Exported("renamed");
        Assert.Equal((traceId, childId, rootId), (received.TraceId, received.SpanId, received.ParentId));
        Assert.Equal(3UL, received.Kind);
        Assert.Equal((2UL, "went wrong"), (received.Status, received.StatusMessage));
        Assert.Equal("x", received["text"]);
        Assert.Equal((ulong)(start - DateTime.UnixEpoch).Ticks * 100, received.Start);
        Assert.Equal((ulong)duration.Ticks * 100, received.End - received.Start);
        Assert.Equal(("tests", "1.2.3"), (received.Scope, received.ScopeVersion));
        Assert.Equal("tests", received.Resource["service.name"]);
        Assert.Equal("dotnet", received.Resource["polyspan.binding"]);
        Assert.Equal("dotnet", received.Resource["telemetry.sdk.language"]);
        Assert.Equal("polyspan", received.Resource["telemetry.sdk.name"]);
        Assert.Equal(1U, received.Flags & 1);
        ReceivedSpan rootSpan = running.Sink.Single("root");
        Assert.Equal(("", 2UL, 0UL), (rootSpan.ParentId, rootSpan.Kind, rootSpan.Status));
    }

    [Fact]
    public void Events_links_and_exceptions_arrive()
    {
        using var running = new Running();
        var linked = new ActivityContext(ActivityTraceId.CreateRandom(), ActivitySpanId.CreateRandom(), ActivityTraceFlags.Recorded, "a=b", isRemote: true);
        DateTimeOffset time = DateTimeOffset.UtcNow.AddSeconds(-1);
        using (Activity activity = running.Source.StartActivity("a", ActivityKind.Internal, parentContext: default, links: [new ActivityLink(linked, new ActivityTagsCollection { ["l"] = 1 })])!)
        {
            activity.AddEvent(new ActivityEvent("e", time, new ActivityTagsCollection { ["k"] = "v" }));
            activity.AddException(new InvalidOperationException("no good"));
        }

        ReceivedSpan received = running.Exported("a");
        Assert.Equal(["e", "exception"], received.Events.Select(e => e.Name));
        Assert.Equal((ulong)(time.UtcTicks - DateTime.UnixEpoch.Ticks) * 100, received.Events[0].Time);
        Assert.Equal("v", received.Events[0].Attributes["k"]);
        Assert.Equal("System.InvalidOperationException", received.Events[1].Attributes["exception.type"]);
        Assert.Equal("no good", received.Events[1].Attributes["exception.message"]);
        Assert.Contains("no good", (string)received.Events[1].Attributes["exception.stacktrace"]!);
        ReceivedLink link = Assert.Single(received.Links);
        Assert.Equal((linked.TraceId.ToHexString(), linked.SpanId.ToHexString(), 1L), (link.TraceId, link.SpanId, link.Attributes["l"]));
    }

    [Fact]
    public void Status_tags_of_older_libraries_become_the_status()
    {
        using var running = new Running();
        using (Activity activity = running.Source.StartActivity("old")!)
        {
            activity.SetTag("otel.status_code", "ERROR");
            activity.SetTag("otel.status_description", "why");
        }

        using (Activity activity = running.Source.StartActivity("both")!)
        {
            activity.SetTag("otel.status_code", "ERROR");
            activity.SetStatus(ActivityStatusCode.Ok);
        }

        ReceivedSpan old = running.Exported("old");
        Assert.Equal((2UL, "why"), (old.Status, old.StatusMessage));
        Assert.Empty(old.Attributes);
        Assert.Equal(1UL, running.Sink.Single("both").Status);
    }

    [Fact]
    public void A_key_that_is_added_twice_arrives_once_with_the_last_value()
    {
        using var running = new Running();
        using (Activity activity = running.Source.StartActivity("a")!)
        {
            activity.AddTag("k", 1).AddTag("l", 2).AddTag("k", "last");
        }

        ReceivedSpan received = running.Exported("a");
        Assert.Equal(["k", "l"], received.Attributes.Keys);
        Assert.Equal("last", received["k"]);
    }

    [Fact]
    public void Limits_are_the_cores_and_count_what_they_drop()
    {
        using var running = new Running(options =>
        {
            options.AttributeCountLimit = 2;
            options.EventCountLimit = 1;
            options.LinkCountLimit = 0;
            options.AttributeValueLengthLimit = 3;
        });
        ActivityLink[] links = [new(new ActivityContext(ActivityTraceId.CreateRandom(), ActivitySpanId.CreateRandom(), ActivityTraceFlags.None))];
        using (Activity activity = running.Source.StartActivity("a", ActivityKind.Internal, parentContext: default, links: links)!)
        {
            activity.SetTag("a", "abcdef").SetTag("b", 1).SetTag("c", 1);
            activity.AddEvent(new ActivityEvent("first")).AddEvent(new ActivityEvent("second"));
        }

        ReceivedSpan received = running.Exported("a");
        Assert.Equal("abc", received["a"]);
        Assert.Equal((1UL, 1UL, 1UL), (received.DroppedAttributes, received.DroppedEvents, received.DroppedLinks));
        Assert.Equal("first", Assert.Single(received.Events).Name);
    }

    [Fact]
    public void Only_the_chosen_sources_are_recorded()
    {
        using var running = new Running();
        using var other = new ActivitySource("another");
        Assert.Null(other.StartActivity("unwanted"));
        using var pattern = new ActivitySource("Tests.Of.Patterns");
        pattern.StartActivity("wanted")!.Dispose();
        running.Exported("wanted");
    }

    [Fact]
    public void Spans_whose_parent_is_a_plain_context_join_its_trace()
    {
        using var running = new Running();
        var remote = new ActivityContext(ActivityTraceId.CreateRandom(), ActivitySpanId.CreateRandom(), ActivityTraceFlags.Recorded, "v=1", isRemote: true);
        running.Source.StartActivity("server", ActivityKind.Server, remote)!.Dispose();

        ReceivedSpan received = running.Exported("server");
        Assert.Equal((remote.TraceId.ToHexString(), remote.SpanId.ToHexString(), "v=1"), (received.TraceId, received.ParentId, received.TraceState));
        Assert.Equal(0x300U, received.Flags & 0x300);
    }

    [Fact]
    public void An_activity_started_on_another_thread_than_it_was_created_on_is_recorded()
    {
        using var running = new Running();
        Activity activity = running.Source.CreateActivity("moved", ActivityKind.Internal)!;
        var thread = new Thread(() => activity.Start().Dispose());
        thread.Start();
        thread.Join();
        running.Exported("moved");
    }

    [Fact]
    public void Secrets_do_not_arrive()
    {
        using var running = new Running();
        using (Activity activity = running.Source.StartActivity("a")!)
        {
            activity.SetTag("password", "hunter2");
            activity.SetTag("mail", "please write to jane.doe@example.com");
        }

        ReceivedSpan received = running.Exported("a");
        Assert.NotEqual("hunter2", received["password"]);
        Assert.DoesNotContain("jane.doe@example.com", (string)received["mail"]!);
    }
}
