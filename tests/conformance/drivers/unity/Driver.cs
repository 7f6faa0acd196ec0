// Plays conformance vectors through the Unity API.
using Polyspan;
using static Wire;

var spans = new Dictionary<string, Span>();
var contexts = new Dictionary<string, SpanContext> { ["0"] = default };
Tracer? tracer = null;

Converse(new()
{
    ["init"] = _ => PolyspanSdk.Init(Options),
    ["tracer"] = words => tracer = PolyspanSdk.GetTracer(words[1], words[2], words[3]),
    ["start"] = words =>
    {
        var kind = (SpanKind)int.Parse(words[4]);
        Span span = spans.TryGetValue(words[5], out Span parent)
            ? tracer!.Start(words[3], parent, kind, Time(words[6]))
            : tracer!.Start(words[3], contexts[words[2]], kind, Time(words[6]));
        spans[words[1]] = span;
        contexts[words[1]] = span.Context;
    },
    ["set_string"] = words => spans[words[1]].SetAttribute(Values[0].Key, (string?)Values[0].Value),
    ["set_int"] = words => spans[words[1]].SetAttribute(Values[0].Key, (long)Values[0].Value!),
    ["set_double"] = words => spans[words[1]].SetAttribute(Values[0].Key, (double)Values[0].Value!),
    ["set_bool"] = words => spans[words[1]].SetAttribute(Values[0].Key, (bool)Values[0].Value!),
    ["set"] = words => spans[words[1]].SetAttribute(Values[0].Key, Values[0].Value),
    ["event"] = words => spans[words[1]].AddEvent(words[2], Time(words[3]), Values.ToArray()),
    ["link"] = words => spans[words[1]].AddLink(contexts[words[2]], Values.ToArray()),
    ["exception"] = words => spans[words[1]]
        .RecordException(new PaymentDeclined(words[3], words[4]), Time(words[5]), Values.ToArray()),
    ["status"] = words => spans[words[1]].SetStatus((StatusCode)int.Parse(words[2]), words[3]),
    ["rename"] = words => spans[words[1]].UpdateName(words[2]),
    ["end"] = words => spans[words[1]].End(Time(words[2])),
    ["context"] = words =>
    {
        SpanContext context = contexts[words[1]];
        Reply(context.TraceId, context.SpanId, context.TraceFlags.ToString(), context.TraceState);
    },
    ["extract"] = words =>
    {
        var baggage = new List<KeyValuePair<string, string?>>();
        ILookup<string, string> headers = Pairs(words).ToLookup(header => header.Key, header => header.Value);
        contexts[words[1]] = Propagation.Extract(name => headers[name], baggage);
        baggage.ForEach(entry => Reply(entry.Key, entry.Value));
    },
    ["inject"] = words =>
    {
        Baggage.Replace(Pairs(words)!);
        Propagation.Inject(contexts[words[1]], (name, value) => Reply(name, value));
    },
    ["shutdown"] = _ => PolyspanSdk.Shutdown(TimeSpan.FromSeconds(5)),
});
