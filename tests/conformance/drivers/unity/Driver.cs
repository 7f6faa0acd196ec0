// Plays conformance vectors through the Unity API: a case a line, an answer a line.
using System;
using System.Collections.Generic;
using System.Globalization;
using System.Linq;
using System.Reflection;
using Polyspan;
using static Values;
using Node = System.Collections.Generic.IDictionary<string, object>;

internal static class Program
{
    private static void Main()
    {
        for (string? line = Console.ReadLine(); line != null; line = Console.ReadLine())
        {
            object answer;
            try
            {
                answer = new Play().Run(Json.Read(line));
            }
            catch (Exception error)
            {
                PolyspanSdk.Shutdown(TimeSpan.Zero);
                answer = new Dictionary<string, object> { ["unsupported"] = error.GetType().Name + ": " + error.Message };
            }

            Console.WriteLine(Json.Write(answer));
        }
    }
}

/// <summary>A case under way.</summary>
internal sealed partial class Play
{
    private readonly Dictionary<string, Span> spans = new Dictionary<string, Span>();
    private readonly Dictionary<string, SpanContext> remote = new Dictionary<string, SpanContext>();
    private readonly List<object?> started = new List<object?>();
    private readonly List<object?> results = new List<object?>();

    public object Run(Node request)
    {
        var options = new PolyspanOptions();
        foreach (KeyValuePair<string, object> option in (Node)request["options"])
        {
            string pascal = string.Concat(option.Key.Split('_').Select(word => char.ToUpperInvariant(word[0]) + word.Substring(1)));
            PropertyInfo property = typeof(PolyspanOptions).GetProperty(pascal)!;
            Type type = Nullable.GetUnderlyingType(property.PropertyType) ?? property.PropertyType;
            property.SetValue(options, Convert.ChangeType(option.Value, type, CultureInfo.InvariantCulture));
        }

        PolyspanSdk.Init(options);
        foreach (Node step in List(request["steps"]))
        {
            KeyValuePair<string, object> first = step.First();
            Step(first.Key, (string)first.Value, step);
        }

        PolyspanSdk.Shutdown(TimeSpan.FromSeconds(5));
        return new Dictionary<string, object> { ["spans"] = started, ["results"] = results };
    }

    private void Step(string verb, string label, Node step)
    {
        spans.TryGetValue(label, out Span span);
        switch (verb)
        {
            case "start":
                Start(label, step);
                break;
            case "extract":
                Extract(label, step);
                break;
            case "inject":
                Inject(span, step);
                break;
            case "set":
                Set(span, Text(step["key"]), Value((Node)step["value"]));
                break;
            case "event":
                span.AddEvent(Text(step["name"]), Time(step), Tags(step.Get("attributes")));
                break;
            case "link":
                span.AddLink(ContextOf((string)step["to"]), Tags(step.Get("attributes")));
                break;
            case "exception":
                var exception = new PaymentDeclined(Text(step["message"]), Text(step["stacktrace"]));
                span.RecordException(exception, Time(step), Tags(step.Get("attributes")));
                break;
            case "status":
                span.SetStatus((StatusCode)Enum.Parse(typeof(StatusCode), (string)step["code"], true), Text(step.Get("description")));
                break;
            case "rename":
                span.UpdateName(Text(step["name"]));
                break;
            default:
                span.End(Time(step));
                break;
        }
    }

    /// <summary>By the overload that a user's variable of that type would choose.</summary>
    private static void Set(in Span span, string key, object? value)
    {
        switch (value)
        {
            case string text:
                span.SetAttribute(key, text);
                break;
            case long number:
                span.SetAttribute(key, number);
                break;
            case double number:
                span.SetAttribute(key, number);
                break;
            case bool truth:
                span.SetAttribute(key, truth);
                break;
            default:
                span.SetAttribute(key, value);
                break;
        }
    }

    private void Start(string label, Node step)
    {
        var scope = (Node)step["scope"];
        Tracer tracer = PolyspanSdk.GetTracer(Text(scope["name"]), (string?)scope.Get("version"), (string?)scope.Get("schema_url"));
        var kind = (SpanKind)Enum.Parse(typeof(SpanKind), (string)step["kind"], true);
        string parent = Text(step.Get("parent"));
        Span span = spans.TryGetValue(parent, out Span local)
            ? tracer.Start(Text(step["name"]), local, kind, Time(step))
            : tracer.Start(Text(step["name"]), ContextOf(parent), kind, Time(step));
        foreach (KeyValuePair<string, object?> attribute in Tags(step.Get("attributes")))
        {
            Set(span, attribute.Key, attribute.Value);
        }

        foreach (Node link in List(step["links"]))
        {
            span.AddLink(ContextOf((string)link["to"]), Tags(link.Get("attributes")));
        }

        spans[label] = span;
        started.Add(new[] { label, span.Context.TraceId, span.Context.SpanId });
    }
}
