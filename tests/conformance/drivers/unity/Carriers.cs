using System;
using System.Collections.Generic;
using System.Linq;
using Polyspan;
using static Values;
using Node = System.Collections.Generic.IDictionary<string, object>;

/// <summary>Headers, by the Unity API.</summary>
internal sealed partial class Play
{
    private void Extract(string label, Node step)
    {
        ILookup<string, string> headers = List(step["headers"]).ToLookup(pair => Text(List(pair)[0]), pair => Text(List(pair)[1]));
        var baggage = new List<KeyValuePair<string, string?>>();
        SpanContext context = Propagation.Extract(name => headers.Contains(name) ? headers[name] : null, baggage);
        var result = new Dictionary<string, object>();
        if (context.IsValid)
        {
            remote[label] = context;
            result["trace_id"] = context.TraceId;
            result["span_id"] = context.SpanId;
            result["flags"] = (int)context.TraceFlags;
            if (!string.IsNullOrEmpty(context.TraceState))
            {
                result["state"] = context.TraceState!;
            }
        }

        if (baggage.Count > 0)
        {
            result["baggage"] = baggage.Select(entry => new[] { entry.Key, entry.Value }).ToArray();
        }

        results.Add(result);
    }

    private void Inject(in Span span, Node step)
    {
        Baggage.Replace(Array.Empty<KeyValuePair<string, string?>>());
        foreach (object entry in List(step["baggage"]))
        {
            Baggage.Set(Text(List(entry)[0]), Text(List(entry)[1]));
        }

        var headers = new List<string[]>();
        Propagation.Inject(span.Context, (name, value) => headers.Add(new[] { name, value }));
        results.Add(new Dictionary<string, object> { ["headers"] = headers });
    }

    private SpanContext ContextOf(string label)
    {
        return spans.TryGetValue(label, out Span span) ? span.Context
            : remote.TryGetValue(label, out SpanContext context) ? context : default;
    }
}
