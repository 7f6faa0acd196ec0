using System;
using System.Collections.Generic;
using System.Globalization;
using System.Linq;
using System.Numerics;
using System.Reflection;
using Node = System.Collections.Generic.IDictionary<string, object>;
using Tag = System.Collections.Generic.KeyValuePair<string, object?>;

/// <summary>JSON by Mono's own reader, which no reference assembly of .NET Standard has.</summary>
internal static class Json
{
    private static readonly object Serializer = Activator.CreateInstance(
        Assembly.Load("System.Web.Extensions, Version=4.0.0.0, Culture=neutral, PublicKeyToken=31bf3856ad364e35")
            .GetType("System.Web.Script.Serialization.JavaScriptSerializer"))!;

    public static Node Read(string line)
    {
        return (Node)Serializer.GetType().GetMethod("DeserializeObject")!.Invoke(Serializer, new object[] { line })!;
    }

    public static string Write(object value)
    {
        return (string)Serializer.GetType().GetMethod("Serialize", new[] { typeof(object) })!.Invoke(Serializer, new[] { value })!;
    }
}

/// <summary>The vectors' typed values as C# has them.</summary>
internal static class Values
{
    public static object? Get(this Node node, string name)
    {
        return node.TryGetValue(name, out object found) ? found : null;
    }

    public static object[] List(object? list)
    {
        return (object[]?)list ?? Array.Empty<object>();
    }

    public static string Text(object? given)
    {
        return given is Node units
            ? new string(List(units["utf16"]).Select(unit => (char)Convert.ToInt32(unit)).ToArray())
            : (string?)given ?? string.Empty;
    }

    public static Tag[] Tags(object? pairs)
    {
        return List(pairs).Select(pair => new Tag(Text(List(pair)[0]), Value((Node)List(pair)[1]))).ToArray();
    }

    public static object? Value(Node given)
    {
        KeyValuePair<string, object> one = given.First();
        switch (one.Key)
        {
            case "int":
                return Integer((string)one.Value);
            case "double":
                return Real((string)one.Value);
            case "bool":
                return one.Value;
            case "bytes":
                return Convert.FromBase64String((string)one.Value);
            case "array":
                return List(one.Value).Select(element => Value((Node)element)).ToArray();
            case "map":
                return Tags(one.Value);
            case "empty":
                return null;
            case "deep":
                object? wrapped = Value((Node)given["in"]);
                for (int depth = (int)one.Value; depth > 0; depth--)
                {
                    wrapped = new[] { wrapped };
                }

                return wrapped;
            default:
                return Text(one.Key == "utf16" ? given : one.Value);
        }
    }

    public static DateTimeOffset Time(Node step)
    {
        return DateTimeOffset.FromUnixTimeSeconds(0).AddTicks(Convert.ToInt64(step["at"]) * 10);
    }

    private static object Integer(string digits)
    {
        return long.TryParse(digits, out long signed) ? (object)signed
            : ulong.TryParse(digits, out ulong unsigned) ? (object)unsigned
            : BigInteger.Parse(digits, CultureInfo.InvariantCulture);
    }

    private static double Real(string digits)
    {
        return digits == "nan" ? double.NaN
            : digits == "inf" ? double.PositiveInfinity
            : digits == "-inf" ? double.NegativeInfinity
            : digits == "-0.0" ? -0.0 // which Mono reads without its sign
            : double.Parse(digits, CultureInfo.InvariantCulture);
    }
}

/// <summary>The exception of the vectors. It is never thrown, so its text says its type and message, as other languages have it.</summary>
internal sealed class PaymentDeclined : Exception
{
    private readonly string text;

    public PaymentDeclined(string message, string text)
        : base(message)
    {
        this.text = text;
    }

    public override string ToString()
    {
        return text;
    }
}
