// Plays conformance vectors through ActivitySource.
using System.Diagnostics;
using Polyspan;
using static Wire;

var spans = new Dictionary<string, Activity?>();
var contexts = new Dictionary<string, ActivityContext>();
var links = new List<ActivityLink>();
PolyspanSdk? sdk = null;
ActivitySource? source = null;
ActivityLink Link(string target) => new(contexts.GetValueOrDefault(target), new ActivityTagsCollection(Values));

Converse(new()
{
    ["init"] = _ => sdk = PolyspanSdk.Init(Options),
    ["tracer"] = words => source = new ActivitySource(
        new ActivitySourceOptions(words[1]) { Version = words[2], TelemetrySchemaUrl = words[3] }),
    ["with_link"] = words => links.Add(Link(words[1])),
    ["start"] = words =>
    {
        var kind = (ActivityKind)(int.Parse(words[4]) - 1);
        ActivityContext context = contexts.GetValueOrDefault(words[2]);
        Activity.Current = spans.GetValueOrDefault(words[5]);
        Activity? span = source!.StartActivity(words[3], kind, context, [.. Values], [.. links], Time(words[6]));
        Activity.Current = null;
        links.Clear();
        spans[words[1]] = span;
        contexts[words[1]] = span?.Context ?? default;
    },
    ["set"] = words => spans[words[1]]?.SetTag(Values[0].Key, Values[0].Value),
    ["event"] = words => spans[words[1]]?
        .AddEvent(new ActivityEvent(words[2], Time(words[3]), new ActivityTagsCollection(Values))),
    ["link"] = words => spans[words[1]]?.AddLink(Link(words[2])),
    ["exception"] = words => spans[words[1]]?
        .AddException(new PaymentDeclined(words[3], words[4]), new TagList([.. Values]), Time(words[5])),
    ["status"] = words => spans[words[1]]?.SetStatus((ActivityStatusCode)int.Parse(words[2]), words[3]),
    ["rename"] = words => spans[words[1]]!.DisplayName = words[2],
    ["end"] = words => spans[words[1]]?.SetEndTime(Time(words[2]).UtcDateTime).Stop(),
    ["context"] = words =>
    {
        ActivityContext context = contexts.GetValueOrDefault(words[1]);
        Reply(context.TraceId.ToHexString(), context.SpanId.ToHexString());
        Reply(((int)context.TraceFlags).ToString(), context.TraceState);
    },
    ["extract"] = words =>
    {
        ILookup<string, string> headers = Pairs(words).ToLookup(header => header.Key, header => header.Value);
        void Get(object? _, string name, out string? line, out IEnumerable<string>? lines) => (line, lines) = (null, headers[name]);
        DistributedContextPropagator propagator = DistributedContextPropagator.Current;
        propagator.ExtractTraceIdAndState(headers, Get, out string? traceparent, out string? state);
        contexts[words[1]] = ActivityContext.TryParse(traceparent, state, true, out ActivityContext context) ? context : default;
        foreach ((string key, string? value) in propagator.ExtractBaggage(headers, Get) ?? [])
        {
            Reply(key, value);
        }
    },
    ["inject"] = words =>
    {
        Array.ForEach(Pairs(words).ToArray(), entry => spans[words[1]]?.SetBaggage(entry.Key, entry.Value));
        DistributedContextPropagator.Current.Inject(spans[words[1]], null, (_, name, value) => Reply(name, value));
    },
    ["shutdown"] = _ =>
    {
        sdk!.Flush(TimeSpan.FromSeconds(5));
        sdk.Dispose();
    },
});
