using System;
using System.Collections.Generic;
using System.Text;

namespace Polyspan.Tests
{
    /// <summary>A span as the receiver sees it, as far as these tests ask.</summary>
    internal sealed class ReceivedSpan
    {
        public string TraceId = string.Empty;
        public string SpanId = string.Empty;
        public string ParentId = string.Empty;
        public string Name = string.Empty;
        public string Scope = string.Empty;
        public ulong Kind;
        public ulong Start;
        public ulong End;
        public ulong Status;
        public ulong Flags;
        public Dictionary<string, string> Attributes = new Dictionary<string, string>();
        public Dictionary<string, string> Resource = new Dictionary<string, string>();
        public List<string> Events = new List<string>();
        public List<string> Links = new List<string>();
    }

    /// <summary>Reads OTLP protobuf: values become their text.</summary>
    internal static class Otlp
    {
        public static List<ReceivedSpan> Spans(byte[] body)
        {
            var spans = new List<ReceivedSpan>();
            foreach (Field resourceSpans in Field.Of(body, 1))
            {
                var resource = new Dictionary<string, string>();
                foreach (Field part in Field.Of(resourceSpans.Bytes, 1))
                {
                    ReadAttributes(part.Bytes, 1, resource);
                }

                foreach (Field scopeSpans in Field.Of(resourceSpans.Bytes, 2))
                {
                    string scope = Text(scopeSpans.Bytes, 1, 1);
                    foreach (Field span in Field.Of(scopeSpans.Bytes, 2))
                    {
                        ReceivedSpan read = Span(span.Bytes);
                        read.Scope = scope;
                        read.Resource = resource;
                        spans.Add(read);
                    }
                }
            }

            return spans;
        }

        private static ReceivedSpan Span(byte[] bytes)
        {
            var span = new ReceivedSpan();
            foreach (Field field in Field.All(bytes))
            {
                switch (field.Id)
                {
                    case 1:
                        span.TraceId = field.Hex;
                        break;
                    case 2:
                        span.SpanId = field.Hex;
                        break;
                    case 4:
                        span.ParentId = field.Hex;
                        break;
                    case 5:
                        span.Name = Encoding.UTF8.GetString(field.Bytes);
                        break;
                    case 6:
                        span.Kind = field.Number;
                        break;
                    case 7:
                        span.Start = field.Number;
                        break;
                    case 8:
                        span.End = field.Number;
                        break;
                    case 11:
                        span.Events.Add(Text(field.Bytes, 2));
                        break;
                    case 13:
                        span.Links.Add(Field.Of(field.Bytes, 2)[0].Hex);
                        break;
                    case 15:
                        span.Status = Field.Of(field.Bytes, 3).Count > 0 ? Field.Of(field.Bytes, 3)[0].Number : 0;
                        break;
                    case 16:
                        span.Flags = field.Number;
                        break;
                }
            }

            ReadAttributes(bytes, 9, span.Attributes);
            return span;
        }

        private static void ReadAttributes(byte[] bytes, int id, Dictionary<string, string> attributes)
        {
            foreach (Field field in Field.Of(bytes, id))
            {
                foreach (Field value in Field.All(Field.Of(field.Bytes, 2)[0].Bytes))
                {
                    attributes.Add(Text(field.Bytes, 1), ValueText(value));
                }
            }
        }

        private static string ValueText(Field value)
        {
            switch (value.Id)
            {
                case 1:
                    return Encoding.UTF8.GetString(value.Bytes);
                case 2:
                    return value.Number == 1 ? "true" : "false";
                case 3:
                    return ((long)value.Number).ToString();
                case 4:
                    return BitConverter.Int64BitsToDouble((long)value.Number).ToString("R", System.Globalization.CultureInfo.InvariantCulture);
                case 5:
                    var elements = new List<string>();
                    foreach (Field element in Field.Of(value.Bytes, 1))
                    {
                        elements.Add(Field.All(element.Bytes).Count == 0 ? string.Empty : ValueText(Field.All(element.Bytes)[0]));
                    }

                    return "[" + string.Join(",", elements) + "]";
                default:
                    return "field " + value.Id;
            }
        }

        private static string Text(byte[] bytes, params int[] path)
        {
            foreach (int id in path)
            {
                List<Field> found = Field.Of(bytes, id);
                if (found.Count == 0)
                {
                    return string.Empty;
                }

                bytes = found[0].Bytes;
            }

            return Encoding.UTF8.GetString(bytes);
        }
    }
}
