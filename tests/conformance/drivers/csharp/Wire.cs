// What the drivers of .NET and Unity share: a step a line, an answer a line (see ../../README.md), and typed values.
using System.Globalization;
using System.Numerics;
using System.Reflection;
using System.Runtime.Serialization.Json;
using System.Text;
using Polyspan;
using Tag = System.Collections.Generic.KeyValuePair<string, object?>;

internal static class Wire
{
    private static List<string> answer = [];

    public static PolyspanOptions Options { get; private set; } = new();

    /// <summary>Attributes for the next step that takes some.</summary>
    public static List<Tag> Values { get; } = [];

    /// <summary>Answers lines as long as there are any. Each verb gets the texts of its line.</summary>
    public static void Converse(Dictionary<string, Action<string[]>> verbs)
    {
        verbs["option"] = words => SetOption(words[1], Typed(words[2], words[3])!);
        verbs["value"] = words => Values.Add(new Tag(words[1], Typed(words[2], words[3])));
        var json = new DataContractJsonSerializer(typeof(string[]));
        using Stream output = Console.OpenStandardOutput();
        while (Console.ReadLine() is string line)
        {
            var words = (string[])json.ReadObject(new MemoryStream(Encoding.UTF8.GetBytes(line)))!;
            answer = ["ok"];
            verbs[words[0]](words);
            Options = words[0] == "init" ? new PolyspanOptions() : Options;
            Values.RemoveAll(_ => words[0] != "value");
            json.WriteObject(output, answer.ToArray());
            output.WriteByte((byte)'\n');
        }
    }

    public static void Reply(params string?[] texts) => answer.AddRange(texts.Select(text => text ?? string.Empty));

    public static DateTimeOffset Time(string nanos) => DateTimeOffset.FromUnixTimeSeconds(0).AddTicks(long.Parse(nanos) / 100);

    /// <summary>The texts from the third on, by two.</summary>
    public static IEnumerable<KeyValuePair<string, string>> Pairs(string[] words) =>
        words.Skip(2).Where((_, at) => at % 2 == 0).Zip(words.Skip(3).Where((_, at) => at % 2 == 0), KeyValuePair.Create);

    private static void SetOption(string name, object value)
    {
        string pascal = string.Concat(name.Split('_').Select(word => char.ToUpperInvariant(word[0]) + word[1..]));
        PropertyInfo property = typeof(PolyspanOptions).GetProperty(pascal)!;
        Type type = Nullable.GetUnderlyingType(property.PropertyType) ?? property.PropertyType;
        property.SetValue(Options, Convert.ChangeType(value, type, CultureInfo.InvariantCulture));
    }

    /// <summary>A value from its text. The text of a list or map says how many of the last values it takes.</summary>
    private static object? Typed(string kind, string text) => kind switch
    {
        "string" => text,
        "bool" => text == "true",
        "int" when long.TryParse(text, out long signed) => signed,
        "int" when ulong.TryParse(text, out ulong unsigned) => unsigned,
        "int" => BigInteger.Parse(text, CultureInfo.InvariantCulture),
        "double" when text == "-0.0" => -0.0, // which Mono reads without its sign
        "double" => double.Parse(text, CultureInfo.InvariantCulture),
        "bytes" => text.Split(' ', StringSplitOptions.RemoveEmptyEntries).Select(byte.Parse).ToArray(),
        "array" => Last(int.Parse(text)).Select(element => element.Value).ToArray(),
        "map" => Last(int.Parse(text)),
        _ => null,
    };

    private static Tag[] Last(int count)
    {
        Tag[] last = [.. Values.Skip(Values.Count - count)];
        Values.RemoveRange(Values.Count - count, count);
        return last;
    }
}

/// <summary>The exception of the vectors. It is never thrown, so its text says its type and message, as other languages have it.</summary>
internal sealed class PaymentDeclined(string message, string text) : Exception(message)
{
    public override string ToString() => text;
}
