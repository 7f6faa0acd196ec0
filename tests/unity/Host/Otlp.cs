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
            foreach (Field resourceSpans in Fields(body, 1))
            {
                var resource = new Dictionary<string, string>();
                foreach (Field part in Fields(resourceSpans.Bytes, 1))
                {
                    ReadAttributes(part.Bytes, 1, resource);
                }

                foreach (Field scopeSpans in Fields(resourceSpans.Bytes, 2))
                {
                    string scope = Text(scopeSpans.Bytes, 1, 1);
                    foreach (Field span in Fields(scopeSpans.Bytes, 2))
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
            foreach (Field field in Fields(bytes))
            {
                switch (field.Id)
                {
                    case 1:
                        span.TraceId = Hex(field.Bytes);
                        break;
                    case 2:
                        span.SpanId = Hex(field.Bytes);
                        break;
                    case 4:
                        span.ParentId = Hex(field.Bytes);
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
                        span.Links.Add(Hex(Fields(field.Bytes, 2)[0].Bytes));
                        break;
                    case 15:
                        span.Status = Fields(field.Bytes, 3).Count > 0 ? Fields(field.Bytes, 3)[0].Number : 0;
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
            foreach (Field field in Fields(bytes, id))
            {
                foreach (Field value in Fields(Fields(field.Bytes, 2)[0].Bytes))
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
                    foreach (Field element in Fields(value.Bytes, 1))
                    {
                        elements.Add(Fields(element.Bytes).Count == 0 ? string.Empty : ValueText(Fields(element.Bytes)[0]));
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
                List<Field> found = Fields(bytes, id);
                if (found.Count == 0)
                {
                    return string.Empty;
                }

                bytes = found[0].Bytes;
            }

            return Encoding.UTF8.GetString(bytes);
        }

        private static string Hex(byte[] bytes)
        {
            return BitConverter.ToString(bytes).Replace("-", string.Empty).ToLowerInvariant();
        }

        private static List<Field> Fields(byte[] message, int id)
        {
            return Fields(message).FindAll(field => field.Id == id);
        }

        private static List<Field> Fields(byte[] message)
        {
            var fields = new List<Field>();
            int at = 0;
            while (at < message.Length)
            {
                ulong tag = Varint(message, ref at);
                var field = new Field { Id = (int)(tag >> 3), Bytes = Array.Empty<byte>() };
                switch (tag & 7)
                {
                    case 0:
                        field.Number = Varint(message, ref at);
                        break;
                    case 1:
                        field.Number = BitConverter.ToUInt64(message, at);
                        at += 8;
                        break;
                    case 2:
                        int length = (int)Varint(message, ref at);
                        field.Bytes = new byte[length];
                        Array.Copy(message, at, field.Bytes, 0, length);
                        at += length;
                        break;
                    case 5:
                        field.Number = BitConverter.ToUInt32(message, at);
                        at += 4;
                        break;
                    default:
                        throw new InvalidOperationException("wire type " + (tag & 7) + " at " + at);
                }

                fields.Add(field);
            }

            return fields;
        }

        private static ulong Varint(byte[] message, ref int at)
        {
            ulong value = 0;
            for (int shift = 0; ; shift += 7)
            {
                byte next = message[at++];
                value |= (ulong)(next & 0x7f) << shift;
                if (next < 0x80)
                {
                    return value;
                }
            }
        }

        private struct Field
        {
            public int Id;
            public ulong Number;
            public byte[] Bytes;
        }
    }
}
