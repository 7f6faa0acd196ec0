using Polyspan.Native;
using Xunit;

namespace Polyspan.Tests;

/// <summary>Slots against docs/span-batch.md, without the native library.</summary>
public class BatchWriterTests
{
    private const long Second = 10_000_000;

    private readonly BatchWriter batch = new();

    [Fact]
    public void A_batch_begins_with_magic_encoding_count_and_epoch()
    {
        batch.Begin(7);
        var record = new SpanRecord();
        record.Begin(Limits.Default);
        batch.Append(record);
        record.Begin(Limits.Default);
        batch.Append(record);

        Assert.Equal(0x01425350UL | (1UL << 32), batch.Slots.Items[0]);
        Assert.Equal(2UL | (7UL << 32), batch.Slots.Items[1]);
        Assert.Equal(2 + (2 * 17), batch.Slots.Length);
    }

    [Fact]
    public void The_fixed_slots_stand_where_the_format_says()
    {
        batch.Begin(0);
        var record = new SpanRecord();
        record.Begin(Limits.Default);
        record.TraceHigh = 1;
        record.TraceLow = 2;
        record.SpanId = 3;
        record.ParentId = 4;
        record.LocalRootId = 5;
        record.StartTicks = (1_000 * Second) + 12_345;
        record.EndTicks = (1_001 * Second) + 1;
        record.Tracer = 9;
        record.Kind = 3;
        record.Verdict = Verdict.Sample;
        record.TraceFlags = 3;
        record.ParentIsRemote = true;
        record.LastOfLocalTrace = true;
        record.HasThreshold = true;
        record.Threshold = 77;
        record.SetName("name");
        record.SetTraceState("a=b");
        record.SetStatus(2, "bad");
        batch.Append(record);

        ulong[] slots = batch.Slots.Items[2..batch.Slots.Length];
        Assert.Equal(17U, (uint)slots[0]);
        Assert.Equal(3U | (2U << 3) | (2U << 5) | (3U << 8) | (1U << 10) | (1U << 11) | (1U << 12), (uint)(slots[0] >> 32));
        Assert.Equal([1UL, 2UL, 3UL, 4UL, 5UL], slots[1..6]);
        Assert.Equal(1_000_001.0, BitConverter.UInt64BitsToDouble(slots[6]));
        Assert.Equal(1_001_000.0, BitConverter.UInt64BitsToDouble(slots[7]));
        Assert.Equal(234_500UL | (100UL << 32), slots[8]);
        Assert.Equal(9UL, slots[9]);
        Assert.Equal(["name", "a=b", "bad"], new[] { Text(slots[10]), Text(slots[11]), Text(slots[12]) });
        Assert.Equal(77UL, slots[13]);
        Assert.Equal([0UL, 0UL, 0UL], slots[14..17]);
    }

    [Fact]
    public void A_key_that_is_set_again_keeps_its_place_whatever_the_sizes()
    {
        SpanRecord record = Begin();
        record.Attributes.Set("a", 1);
        record.Attributes.Set("b", "x");
        record.Attributes.Set("c", true);
        record.Attributes.Set("a", (object)new[] { 1, 2, 3 });
        record.Attributes.Set("b", 2.5);
        record.Attributes.Set("a", "short again");
        ulong[] slots = End(record);

        Assert.Equal(3UL, (uint)slots[14]);
        Assert.Equal(9UL, slots[16] >> 32);
        Assert.Equal(["a", "b", "c"], new[] { Text(slots[17]), Text(slots[20]), Text(slots[23]) });
        Assert.Equal(4UL, slots[18]);
        Assert.Equal("short again", Text(slots[19]));
        Assert.Equal(3UL, slots[21]);
        Assert.Equal(2.5, BitConverter.UInt64BitsToDouble(slots[22]));
        Assert.Equal([1UL, 1UL], slots[24..26]);
    }

    [Fact]
    public void Bytes_arrays_and_maps_nest()
    {
        SpanRecord record = Begin();
        record.Attributes.Set("m", new Dictionary<string, object?> { ["b"] = new byte[] { 1, 2, 3, 4, 5, 6, 7, 8, 9 }, ["l"] = new object?[] { null, -1L } });
        ulong[] slots = End(record);

        Assert.Equal(8UL | (2UL << 32), slots[18]);
        Assert.Equal("b", Text(slots[19]));
        Assert.Equal(6UL | (9UL << 32), slots[20]);
        Assert.Equal([0x0807060504030201UL, 9UL], slots[21..23]);
        Assert.Equal("l", Text(slots[23]));
        Assert.Equal(7UL | (2UL << 32), slots[24]);
        Assert.Equal([0UL, 0UL, 2UL, ulong.MaxValue], slots[25..29]);
        Assert.Equal(29, slots.Length);
    }

    [Fact]
    public void Events_come_before_links_and_limits_count_what_they_drop()
    {
        var limits = new Limits { Attributes = 1, Events = 1, Links = 1, EventAttributes = 1, LinkAttributes = 0 };
        batch.Begin(0);
        var record = new SpanRecord();
        record.Begin(limits);
        record.Attributes.Set("kept", 1);
        record.Attributes.Set("dropped", 1);
        record.Attributes.Set("kept", 2);
        Assert.True(record.BeginLink(1, 2, 3, 1, true, "s=t"));
        record.LinkAttributes.Set("x", 1);
        record.EndLink();
        Assert.False(record.BeginLink(1, 2, 3, 1, true, null));
        Assert.True(record.BeginEvent("e", 15_000));
        record.EventAttributes.Set("k", 1);
        record.EventAttributes.Set("l", 1);
        record.EndEvent();
        Assert.False(record.BeginEvent("f", 0));
        ulong[] slots = End(record);

        Assert.Equal(1UL | (2UL << 32), slots[14]);
        Assert.Equal(1UL | (1UL << 32), slots[15]);
        Assert.Equal(1UL | (3UL << 32), slots[16]);
        ulong[] items = slots[20..];
        Assert.Equal(1UL | (8UL << 32), items[0]);
        Assert.Equal(1.0, BitConverter.UInt64BitsToDouble(items[1]));
        Assert.Equal(500_000UL | (1UL << 32), items[2]);
        Assert.Equal("e", Text(items[3]));
        Assert.Equal(1UL, items[4]);
        Assert.Equal(2UL | (7UL << 32), items[8]);
        Assert.Equal([1UL, 2UL, 3UL], items[9..12]);
        Assert.Equal(1UL | (1UL << 8), items[12]);
        Assert.Equal("s=t", Text(items[13]));
        Assert.Equal(1UL, items[14]);
    }

    [Fact]
    public void A_record_with_its_own_text_gets_a_text_base()
    {
        batch.Begin(0);
        foreach (string name in new[] { "first", "second" })
        {
            var record = new SpanRecord();
            record.Begin(Limits.Default);
            record.SetName(name);
            batch.Append(record);
        }

        ulong[] second = batch.Slots.Items[19..36];
        Assert.Equal(5U, (uint)(second[9] >> 32));
        Assert.Equal("second", Text(second[10], 5));
    }

    [Fact]
    public void Keys_that_come_again_are_written_once()
    {
        batch.Begin(0);
        var record = new SpanRecord(batch.Text);
        for (int i = 0; i < 3; i++)
        {
            record.Begin(Limits.Default);
            record.SetName("GET");
            record.Attributes.Set("http.request.method", 1);
            batch.Append(record);
        }

        Assert.Equal("GEThttp.request.method", new string(batch.Text.Items, 0, batch.Text.Length));
    }

    [Fact]
    public void A_text_that_does_not_fit_is_left_out_and_not_cut()
    {
        SpanRecord record = Begin();
        record.Attributes.Set("big", new string('x', (1 << 20) + 1));
        record.Attributes.Set("small", "y");
        ulong[] slots = End(record);

        Assert.Equal(0UL, slots[18]);
        Assert.Equal("y", Text(slots[22]));
    }

    [Fact]
    public void Values_whose_own_code_throws_become_a_text_that_says_so()
    {
        SpanRecord record = Begin();
        record.Attributes.Set("t", new Throwing());
        record.Attributes.Set("l", Endless());
        ulong[] slots = End(record);

        Assert.Equal("<Polyspan.Tests.BatchWriterTests+Throwing threw NotSupportedException>", Text(slots[19]));
        Assert.InRange(batch.Slots.Length, 1000, 1 << 18);
    }

    [Fact]
    public void A_sequence_that_contains_itself_ends()
    {
        var list = new List<object?>();
        list.Add(list);
        list.Add(list);
        SpanRecord record = Begin();
        record.Attributes.Set("l", list);
        End(record);

        Assert.InRange(batch.Slots.Length, 1000, 1 << 18);
    }

    [Fact]
    public void Ok_is_final_and_only_errors_are_described()
    {
        SpanRecord record = Begin();
        record.SetStatus(2, "bad");
        record.SetStatus(0, null);
        record.SetStatus(1, "ignored");
        record.SetStatus(2, "too late");
        ulong[] slots = End(record);

        Assert.Equal(1U, ((uint)(slots[0] >> 32) >> 5) & 3);
        Assert.Equal(0UL, slots[12]);
    }

    private static IEnumerable<int> Endless()
    {
        while (true)
        {
            yield return 1;
        }
    }

    private SpanRecord Begin()
    {
        batch.Begin(0);
        var record = new SpanRecord();
        record.Begin(Limits.Default);
        return record;
    }

    private ulong[] End(SpanRecord record)
    {
        batch.Append(record);
        ulong[] slots = batch.Slots.Items[2..batch.Slots.Length];
        Assert.Equal(slots.Length, (int)(uint)slots[0]);
        return slots;
    }

    private string Text(ulong reference, int textBase = 0)
    {
        return new string(batch.Text.Items, textBase + (int)(uint)reference, (int)(reference >> 32));
    }

    private sealed class Throwing
    {
        public override string ToString()
        {
            throw new NotSupportedException();
        }
    }
}
