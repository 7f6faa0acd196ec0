using System;
using System.Collections.Generic;
using System.Text;

namespace Polyspan.Tests
{
    /// <summary>A field of a protobuf message: its id, and the number or the bytes that it has. The tests of .NET read with it too.</summary>
    internal readonly struct Field
    {
        public readonly int Id;
        public readonly ulong Number;
        public readonly byte[] Bytes;

        private Field(int id, ulong number, byte[] bytes)
        {
            Id = id;
            Number = number;
            Bytes = bytes;
        }

        public string Text => Encoding.UTF8.GetString(Bytes);

        public string Hex => BitConverter.ToString(Bytes).Replace("-", string.Empty).ToLowerInvariant();

        public static List<Field> Of(byte[] message, int id)
        {
            return All(message).FindAll(field => field.Id == id);
        }

        public static List<Field> All(byte[] message)
        {
            var fields = new List<Field>();
            int at = 0;
            while (at < message.Length)
            {
                ulong tag = Varint(message, ref at);
                ulong number = 0;
                byte[] bytes = Array.Empty<byte>();
                switch (tag & 7)
                {
                    case 0:
                        number = Varint(message, ref at);
                        break;
                    case 1:
                        number = BitConverter.ToUInt64(message, at);
                        at += 8;
                        break;
                    case 2:
                        bytes = new byte[(int)Varint(message, ref at)];
                        Array.Copy(message, at, bytes, 0, bytes.Length);
                        at += bytes.Length;
                        break;
                    case 5:
                        number = BitConverter.ToUInt32(message, at);
                        at += 4;
                        break;
                    default:
                        throw new InvalidOperationException("wire type " + (tag & 7) + " at " + at);
                }

                fields.Add(new Field((int)(tag >> 3), number, bytes));
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
    }
}
