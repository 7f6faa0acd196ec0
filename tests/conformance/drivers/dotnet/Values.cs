using System.Diagnostics;
using System.Globalization;
using System.Numerics;
using System.Text.Json.Nodes;
using Tag = System.Collections.Generic.KeyValuePair<string, object?>;

/// <summary>The vectors' typed values as .NET has them.</summary>
internal static class Values
{
    public static string Text(JsonNode? given)
    {
        return given is JsonObject units
            ? new string([.. units["utf16"]!.AsArray().Select(unit => (char)unit!.GetValue<int>())])
            : given?.GetValue<string>() ?? string.Empty;
    }

    public static List<Tag> Tags(JsonNode? pairs)
    {
        IEnumerable<JsonNode?> list = pairs?.AsArray() ?? [];
        return [.. list.Select(pair => new Tag(Text(pair![0]), Value(pair[1]!)))];
    }

    public static object? Value(JsonNode given)
    {
        (string kind, JsonNode? content) = given.AsObject().First();
        switch (kind)
        {
            case "int":
                return Integer(content!.GetValue<string>());
            case "double":
                return Real(content!.GetValue<string>());
            case "bool":
                return content!.GetValue<bool>();
            case "bytes":
                return Convert.FromBase64String(content!.GetValue<string>());
            case "array":
                return content!.AsArray().Select(element => Value(element!)).ToArray();
            case "map":
                return Tags(content);
            case "empty":
                return null;
            case "deep":
                object? wrapped = Value(given["in"]!);
                for (int depth = content!.GetValue<int>(); depth > 0; depth--)
                {
                    wrapped = new[] { wrapped };
                }

                return wrapped;
            default:
                return Text(kind == "utf16" ? given : content);
        }
    }

    public static DateTimeOffset Time(JsonNode step)
    {
        return DateTimeOffset.UnixEpoch.AddTicks(step["at"]!.GetValue<long>() * 10);
    }

    private static object Integer(string digits)
    {
        return long.TryParse(digits, out long signed) ? (object)signed
            : ulong.TryParse(digits, out ulong unsigned) ? (object)unsigned
            : BigInteger.Parse(digits, CultureInfo.InvariantCulture);
    }

    private static double Real(string digits)
    {
        return digits switch
        {
            "nan" => double.NaN,
            "inf" => double.PositiveInfinity,
            "-inf" => double.NegativeInfinity,
            _ => double.Parse(digits, CultureInfo.InvariantCulture),
        };
    }
}

/// <summary>The exception of the vectors. It is never thrown, so its text says its type and message, as other languages have it.</summary>
internal sealed class PaymentDeclined(string message, string text) : Exception(message)
{
    public override string ToString()
    {
        return text;
    }
}
