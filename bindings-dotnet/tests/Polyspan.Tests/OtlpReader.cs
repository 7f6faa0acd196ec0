namespace Polyspan.Tests;

/// <summary>A span as the receiver sees it.</summary>
internal sealed class ReceivedSpan
{
    public string TraceId = "";
    public string SpanId = "";
    public string ParentId = "";
    public string TraceState = "";
    public string Name = "";
    public uint Flags;
    public ulong Kind;
    public ulong Start;
    public ulong End;
    public ulong DroppedAttributes;
    public ulong DroppedEvents;
    public ulong DroppedLinks;
    public ulong Status;
    public string StatusMessage = "";
    public string Scope = "";
    public string ScopeVersion = "";
    public Dictionary<string, object?> Resource = [];
    public Dictionary<string, object?> Attributes = [];
    public List<ReceivedEvent> Events = [];
    public List<ReceivedLink> Links = [];

    public object? this[string key] => Attributes.GetValueOrDefault(key);
}

internal sealed class ReceivedEvent
{
    public ulong Time;
    public string Name = "";
    public Dictionary<string, object?> Attributes = [];
}

internal sealed class ReceivedLink
{
    public string TraceId = "";
    public string SpanId = "";
    public Dictionary<string, object?> Attributes = [];
}

/// <summary>A point of a sum as the receiver sees it.</summary>
internal sealed class ReceivedSum
{
    public string Meter = "";
    public string Name = "";
    public string Unit = "";
    public bool Monotonic;
    public double Value;
    public Dictionary<string, object?> Attributes = [];
}

/// <summary>
/// Reads OTLP protobuf as far as the tests ask. Written by hand, so that a mistake in the core's encoder is not repeated
/// by code made from the same generator.
/// </summary>
internal static class OtlpReader
{
    public static List<ReceivedSpan> Spans(byte[] body)
    {
        var spans = new List<ReceivedSpan>();
        foreach (Field resourceSpans in Field.Of(body, 1))
        {
            Dictionary<string, object?> resource = [];
            foreach (Field part in Field.Of(resourceSpans.Bytes, 1))
            {
                resource = Attributes(part.Bytes, 1);
            }

            foreach (Field scopeSpans in Field.Of(resourceSpans.Bytes, 2))
            {
                string scope = "", version = "";
                foreach (Field part in Field.Of(scopeSpans.Bytes, 1))
                {
                    scope = Field.Of(part.Bytes, 1).Select(f => f.Text).FirstOrDefault("");
                    version = Field.Of(part.Bytes, 2).Select(f => f.Text).FirstOrDefault("");
                }

                foreach (Field span in Field.Of(scopeSpans.Bytes, 2))
                {
                    ReceivedSpan read = Span(span.Bytes);
                    read.Scope = scope;
                    read.ScopeVersion = version;
                    read.Resource = resource;
                    spans.Add(read);
                }
            }
        }

        return spans;
    }

    public static List<ReceivedSum> Sums(byte[] body)
    {
        var sums = new List<ReceivedSum>();
        foreach (Field scopeMetrics in Field.Of(body, 1).SelectMany(resource => Field.Of(resource.Bytes, 2)))
        {
            string meter = Field.Of(scopeMetrics.Bytes, 1).SelectMany(scope => Field.Of(scope.Bytes, 1)).Select(f => f.Text).FirstOrDefault("");
            foreach (Field metric in Field.Of(scopeMetrics.Bytes, 2))
            {
                foreach (Field sum in Field.Of(metric.Bytes, 7))
                {
                    foreach (Field point in Field.Of(sum.Bytes, 1))
                    {
                        sums.Add(new ReceivedSum
                        {
                            Meter = meter,
                            Name = Field.Of(metric.Bytes, 1).Single().Text,
                            Unit = Field.Of(metric.Bytes, 3).Select(f => f.Text).FirstOrDefault(""),
                            Monotonic = Field.Of(sum.Bytes, 3).Any(f => f.Number == 1),
                            Value = Field.Of(point.Bytes, 4).Select(f => BitConverter.UInt64BitsToDouble(f.Number))
                                .Concat(Field.Of(point.Bytes, 6).Select(f => (double)(long)f.Number)).Single(),
                            Attributes = Attributes(point.Bytes, 7),
                        });
                    }
                }
            }
        }

        return sums;
    }

    private static ReceivedSpan Span(byte[] bytes)
    {
        var span = new ReceivedSpan();
        foreach (Field field in Field.All(bytes))
        {
            switch (field.Id)
            {
                case 1: span.TraceId = field.Hex; break;
                case 2: span.SpanId = field.Hex; break;
                case 3: span.TraceState = field.Text; break;
                case 4: span.ParentId = field.Hex; break;
                case 5: span.Name = field.Text; break;
                case 6: span.Kind = field.Number; break;
                case 7: span.Start = field.Number; break;
                case 8: span.End = field.Number; break;
                case 9: Attribute(field.Bytes, span.Attributes); break;
                case 10: span.DroppedAttributes = field.Number; break;
                case 11: span.Events.Add(Event(field.Bytes)); break;
                case 12: span.DroppedEvents = field.Number; break;
                case 13: span.Links.Add(Link(field.Bytes)); break;
                case 14: span.DroppedLinks = field.Number; break;
                case 15:
                    span.StatusMessage = Field.Of(field.Bytes, 2).Select(f => f.Text).FirstOrDefault("");
                    span.Status = Field.Of(field.Bytes, 3).Select(f => f.Number).FirstOrDefault();
                    break;
                case 16: span.Flags = (uint)field.Number; break;
            }
        }

        return span;
    }

    private static ReceivedEvent Event(byte[] bytes)
    {
        return new ReceivedEvent
        {
            Time = Field.Of(bytes, 1).Single().Number,
            Name = Field.Of(bytes, 2).Single().Text,
            Attributes = Attributes(bytes, 3),
        };
    }

    private static ReceivedLink Link(byte[] bytes)
    {
        return new ReceivedLink
        {
            TraceId = Field.Of(bytes, 1).Single().Hex,
            SpanId = Field.Of(bytes, 2).Single().Hex,
            Attributes = Attributes(bytes, 4),
        };
    }

    private static Dictionary<string, object?> Attributes(byte[] bytes, int id)
    {
        var attributes = new Dictionary<string, object?>();
        foreach (Field field in Field.Of(bytes, id))
        {
            Attribute(field.Bytes, attributes);
        }

        return attributes;
    }

    private static void Attribute(byte[] bytes, Dictionary<string, object?> attributes)
    {
        string key = Field.Of(bytes, 1).Select(f => f.Text).FirstOrDefault("");
        attributes.Add(key, Field.Of(bytes, 2).Select(f => Value(f.Bytes)).FirstOrDefault());
    }

    private static object? Value(byte[] bytes)
    {
        foreach (Field field in Field.All(bytes))
        {
            switch (field.Id)
            {
                case 1: return field.Text;
                case 2: return field.Number == 1;
                case 3: return (long)field.Number;
                case 4: return BitConverter.UInt64BitsToDouble(field.Number);
                case 5: return Field.Of(field.Bytes, 1).Select(f => Value(f.Bytes)).ToArray();
                case 6: return Attributes(field.Bytes, 1);
                case 7: return field.Bytes;
            }
        }

        return null;
    }
}
