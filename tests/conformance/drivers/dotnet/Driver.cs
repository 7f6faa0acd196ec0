// Plays conformance vectors through ActivitySource: a case a line, an answer a line.
using System.Diagnostics;
using System.Globalization;
using System.Reflection;
using System.Text.Json.Nodes;
using Polyspan;
using static Values;

while (Console.ReadLine() is string line)
{
    JsonNode request = JsonNode.Parse(line)!;
    JsonObject answer;
    try
    {
        answer = new Play().Run(request);
    }
    catch (Exception error)
    {
        answer = new JsonObject { ["unsupported"] = error.GetType().Name + ": " + error.Message };
    }

    Console.WriteLine(answer.ToJsonString());
}

/// <summary>A case under way.</summary>
internal sealed partial class Play
{
    private readonly Dictionary<string, Activity?> spans = [];
    private readonly Dictionary<string, ActivityContext> remote = [];
    private readonly Dictionary<string, ActivitySource> sources = [];
    private readonly JsonArray started = [];
    private readonly JsonArray results = [];

    public JsonObject Run(JsonNode request)
    {
        var options = new PolyspanOptions();
        foreach ((string name, JsonNode? value) in request["options"]!.AsObject())
        {
            string pascal = string.Concat(name.Split('_').Select(word => char.ToUpperInvariant(word[0]) + word[1..]));
            PropertyInfo property = typeof(PolyspanOptions).GetProperty(pascal)!;
            Type type = Nullable.GetUnderlyingType(property.PropertyType) ?? property.PropertyType;
            property.SetValue(options, Convert.ChangeType(value!.ToString(), type, CultureInfo.InvariantCulture));
        }

        using (PolyspanSdk sdk = PolyspanSdk.Init(options))
        {
            foreach (JsonNode? step in request["steps"]!.AsArray())
            {
                (string verb, JsonNode? label) = step!.AsObject().First();
                Step(verb, label!.GetValue<string>(), step!);
            }

            sdk.Flush(TimeSpan.FromSeconds(5));
        }

        foreach (ActivitySource source in sources.Values)
        {
            source.Dispose();
        }

        return new JsonObject { ["spans"] = started, ["results"] = results };
    }

    private void Step(string verb, string label, JsonNode step)
    {
        Activity? span = spans.GetValueOrDefault(label);
        switch (verb)
        {
            case "start":
                Start(label, step);
                break;
            case "extract":
                Extract(label, step);
                break;
            case "inject":
                Inject(span!, step);
                break;
            case "set":
                span?.SetTag(Text(step["key"]), Value(step["value"]!));
                break;
            case "event":
                span?.AddEvent(new ActivityEvent(Text(step["name"]), Time(step), new ActivityTagsCollection(Tags(step["attributes"]))));
                break;
            case "link":
                span?.AddLink(Link(step));
                break;
            case "exception":
                var exception = new PaymentDeclined(Text(step["message"]), Text(step["stacktrace"]));
                span?.AddException(exception, new TagList([.. Tags(step["attributes"])]), Time(step));
                break;
            case "status":
                span?.SetStatus(Enum.Parse<ActivityStatusCode>(Text(step["code"]), true), Text(step["description"]));
                break;
            case "rename":
                span!.DisplayName = Text(step["name"]);
                break;
            default:
                span?.SetEndTime(Time(step).UtcDateTime).Stop();
                break;
        }
    }

    private void Start(string label, JsonNode step)
    {
        JsonNode scope = step["scope"]!;
        if (!sources.TryGetValue(scope.ToJsonString(), out ActivitySource? source))
        {
            source = new ActivitySource(new ActivitySourceOptions(Text(scope["name"]))
            {
                Version = Text(scope["version"]),
                TelemetrySchemaUrl = Text(scope["schema_url"]),
            });
            sources.Add(scope.ToJsonString(), source);
        }

        string parent = Text(step["parent"]);
        Activity? local = spans.GetValueOrDefault(parent);
        Activity.Current = local is { IsStopped: false } ? local : null;
        Activity? span = source.StartActivity(
            Text(step["name"]),
            Enum.Parse<ActivityKind>(Text(step["kind"]), true),
            Activity.Current == null && parent != string.Empty ? ContextOf(parent) : default,
            Tags(step["attributes"]),
            step["links"]!.AsArray().Select(link => Link(link!)),
            Time(step));
        Activity.Current = null;
        spans[label] = span;
        started.Add(new JsonArray(label, span?.TraceId.ToHexString(), span?.SpanId.ToHexString()));
    }

    private ActivityLink Link(JsonNode link)
    {
        return new ActivityLink(ContextOf(Text(link["to"])), new ActivityTagsCollection(Tags(link["attributes"])));
    }

    private ActivityContext ContextOf(string label)
    {
        return spans.GetValueOrDefault(label)?.Context ?? remote.GetValueOrDefault(label);
    }
}
