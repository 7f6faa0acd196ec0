#nullable enable
using System;
using System.Text;

namespace Polyspan.Native
{
    /// <summary>
    /// Strings on their way into one native call: encoded one after the other into bytes that the thread keeps, so that a
    /// call costs no allocation once the buffer has grown.
    /// </summary>
    internal sealed class Utf8Buffer
    {
        private const int KeptBytes = 64 * 1024;

        [ThreadStatic]
        private static Utf8Buffer? ofThread;

        private byte[] bytes = new byte[512];

        /// <summary>The bytes; only the first <see cref="Length"/> count. Never of length 0, so it can be pinned.</summary>
        public byte[] Bytes => bytes;

        public int Length { get; private set; }

        /// <summary>The calling thread's buffer, emptied. Not for use across code of the application.</summary>
        public static Utf8Buffer OfThread()
        {
            Utf8Buffer buffer = ofThread ??= new Utf8Buffer();
            buffer.Clear();
            return buffer;
        }

        /// <summary>Appends a string; returns where it starts. A lone surrogate becomes U+FFFD.</summary>
        public int Add(string? text)
        {
            int start = Length;
            if (!string.IsNullOrEmpty(text))
            {
                Reserve(Encoding.UTF8.GetMaxByteCount(text!.Length));
                Length += Encoding.UTF8.GetBytes(text, 0, text.Length, bytes, Length);
            }

            return start;
        }

        /// <summary>Appends a string and a zero byte, the form of header lists. A zero inside would split it and is left out.</summary>
        public void AddTerminated(string? text)
        {
            if (text != null && text.IndexOf('\0') >= 0)
            {
                text = text.Replace("\0", string.Empty);
            }

            Add(text);
            Reserve(1);
            bytes[Length++] = 0;
        }

        public void Clear()
        {
            Length = 0;
            if (bytes.Length > KeptBytes)
            {
                bytes = new byte[512];
            }
        }

        private void Reserve(int count)
        {
            if (bytes.Length - Length < count)
            {
                Array.Resize(ref bytes, Math.Max(bytes.Length * 2, Length + count));
            }
        }
    }
}
