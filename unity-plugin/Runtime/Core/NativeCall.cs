#nullable enable
using System;
using System.Text;

namespace Polyspan.Native
{
    /// <summary>What every call to the native library needs: texts in, texts out, the text of an error.</summary>
    internal static unsafe class NativeCall
    {
        /// <summary>A native function that writes text into a caller's buffer.</summary>
        public delegate int TextReader(ulong handle, polyspan_buffer* target);

        public static polyspan_bytes Bytes(byte* data, int length)
        {
            return new polyspan_bytes { data = data, len = (nuint)length };
        }

        public static polyspan_error NewError()
        {
            return new polyspan_error { size = (uint)sizeof(polyspan_error) };
        }

        /// <summary>The error's text, or words for the status where there is none.</summary>
        public static string Text(ref polyspan_error error, int status)
        {
            fixed (byte* text = error.text)
            {
                int length = (int)Math.Min(error.len, 500u);
                return length > 0 ? Encoding.UTF8.GetString(text, length) : "polyspan: native call failed with status " + status;
            }
        }

        /// <summary>Reads a text of unknown length: once with a guess, again with the length that the library asks for.</summary>
        public static string ReadText(ulong handle, TextReader read)
        {
            var bytes = new byte[1024];
            for (int attempt = 0; attempt < 4; attempt++)
            {
                fixed (byte* data = bytes)
                {
                    var buffer = new polyspan_buffer { data = data, capacity = (nuint)bytes.Length };
                    int status = read(handle, &buffer);
                    if (status == NativeMethods.POLYSPAN_OK)
                    {
                        return Encoding.UTF8.GetString(data, (int)buffer.len);
                    }

                    if (status != NativeMethods.POLYSPAN_E_BUFFER)
                    {
                        return string.Empty;
                    }

                    bytes = new byte[(int)buffer.len + 64];
                }
            }

            return string.Empty;
        }
    }
}
