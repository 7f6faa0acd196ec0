using System.Diagnostics;
using System.Text.Json.Nodes;
using static Values;

/// <summary>Headers, by the propagator that libraries ask.</summary>
internal sealed partial class Play
{
    private void Extract(string label, JsonNode step)
    {
        ILookup<string, string> headers = step["headers"]!.AsArray().ToLookup(pair => Text(pair![0]), pair => Text(pair![1]));
        DistributedContextPropagator.PropagatorGetterCallback get = (object? _, string name, out string? value, out IEnumerable<string>? values) =>
        {
            value = null;
            values = headers.Contains(name) ? headers[name] : null;
        };
        var result = new JsonObject();
        DistributedContextPropagator propagator = DistributedContextPropagator.Current;
        propagator.ExtractTraceIdAndState(headers, get, out string? traceparent, out string? state);
        if (ActivityContext.TryParse(traceparent, state, true, out ActivityContext context))
        {
            remote[label] = context;
            result["trace_id"] = context.TraceId.ToHexString();
            result["span_id"] = context.SpanId.ToHexString();
            result["flags"] = (int)context.TraceFlags;
            if (!string.IsNullOrEmpty(context.TraceState))
            {
                result["state"] = context.TraceState;
            }
        }

        if (propagator.ExtractBaggage(headers, get) is { } baggage)
        {
            result["baggage"] = new JsonArray([.. baggage.Select(entry => (JsonNode)new JsonArray(entry.Key, entry.Value))]);
        }

        results.Add(result);
    }

    private void Inject(Activity span, JsonNode step)
    {
        foreach (JsonNode? entry in step["baggage"]!.AsArray())
        {
            span.SetBaggage(Text(entry![0]), Text(entry[1]));
        }

        var headers = new JsonArray();
        DistributedContextPropagator.Current.Inject(span, headers, (carrier, name, value) => ((JsonArray)carrier!).Add(new JsonArray(name, value)));
        results.Add(new JsonObject { ["headers"] = headers });
    }
}
