#nullable enable
using System;
using System.Collections.Generic;
using System.Text;

namespace Polyspan.Native
{
    /// <summary>
    /// Context into and out of headers, by the core's propagators. Headers cross the boundary as one block of
    /// zero-terminated texts, so that one call does it.
    /// </summary>
    internal sealed unsafe class Propagation
    {
        /// <summary>Enough for traceparent, 512 characters of tracestate and a usual baggage; grows if it must.</summary>
        private const int FirstGuess = 2048;

        private readonly ulong handle;

        [ThreadStatic]
        private static byte[]? output;

        public Propagation(Provider provider)
        {
            handle = provider.Handle;
            Fields = Split(NativeCall.ReadText(handle, NativeMethods.polyspan_propagation_fields));
            var names = new List<string>(Split(NativeCall.ReadText(handle, NativeMethods.polyspan_propagation_headers)));

            // A name that ends with * stands for many headers; a host that looks them up by name cannot find those.
            names.RemoveAll(name => name.EndsWith("*", StringComparison.Ordinal));
            Headers = names;
        }

        /// <summary>A header to be set on an outgoing request.</summary>
        public delegate void HeaderSetter<TCarrier>(TCarrier carrier, string name, string value);

        /// <summary>Names of the headers that the propagators write.</summary>
        public string[] Fields { get; }

        /// <summary>Names of the headers that the propagators read, as far as they can be looked up.</summary>
        public IReadOnlyList<string> Headers { get; }

        /// <summary>Writes context and baggage (redacted by the core) as headers.</summary>
        public void Inject<TCarrier>(in ContextParts context, IEnumerable<KeyValuePair<string, string?>> baggage, TCarrier carrier, HeaderSetter<TCarrier> set)
        {
            string[] headers = Split(Inject(context, baggage));
            for (int i = 0; i + 1 < headers.Length; i += 2)
            {
                set(carrier, headers[i], headers[i + 1]);
            }
        }

        /// <summary>
        /// Reads context and baggage from headers: name and value in turn, repeated names in their order. The context is
        /// invalid if there is none.
        /// </summary>
        public ContextParts Extract(IReadOnlyList<string> headers, List<KeyValuePair<string, string?>>? baggage)
        {
            Utf8Buffer input = Utf8Buffer.OfThread();
            for (int i = 0; i < headers.Count; i++)
            {
                input.AddTerminated(headers[i]);
            }

            // What comes out is never longer than what went in, except for the zero bytes between the parts.
            int room = (input.Length * 2) + 64;
            byte[] bytes = Output(room * 2);
            var context = new polyspan_context { size = (uint)sizeof(polyspan_context) };
            fixed (byte* data = input.Bytes)
            fixed (byte* target = bytes)
            {
                var state = new polyspan_buffer { data = target, capacity = (nuint)room };
                var members = new polyspan_buffer { data = target + room, capacity = (nuint)room };
                if (NativeMethods.polyspan_propagation_extract(handle, NativeCall.Bytes(data, input.Length), &context, &state, &members) != NativeMethods.POLYSPAN_OK)
                {
                    return default;
                }

                if (baggage != null)
                {
                    string[] triples = Split(Encoding.UTF8.GetString(members.data, (int)members.len));
                    for (int i = 0; i + 2 < triples.Length; i += 3)
                    {
                        baggage.Add(new KeyValuePair<string, string?>(triples[i], triples[i + 1]));
                    }
                }

                return Provider.FromNative(ref context, Encoding.UTF8.GetString(state.data, (int)state.len));
            }
        }

        private string Inject(in ContextParts context, IEnumerable<KeyValuePair<string, string?>> baggage)
        {
            Utf8Buffer input = Utf8Buffer.OfThread();
            input.Add(context.TraceState);
            int stateLength = input.Length;
            foreach (KeyValuePair<string, string?> member in baggage)
            {
                input.AddTerminated(member.Key);
                input.AddTerminated(member.Value);
                input.AddTerminated(string.Empty);
            }

            polyspan_context native = Provider.ToNative(context);
            int room = FirstGuess;
            for (int attempt = 0; attempt < 3; attempt++)
            {
                byte[] bytes = Output(room);
                fixed (byte* data = input.Bytes)
                fixed (byte* target = bytes)
                {
                    var buffer = new polyspan_buffer { data = target, capacity = (nuint)bytes.Length };
                    int status = NativeMethods.polyspan_propagation_inject(
                        handle,
                        0,
                        context.IsValid ? &native : null,
                        NativeCall.Bytes(data, stateLength),
                        NativeCall.Bytes(data + stateLength, input.Length - stateLength),
                        &buffer);
                    if (status == NativeMethods.POLYSPAN_OK)
                    {
                        return Encoding.UTF8.GetString(target, (int)buffer.len);
                    }

                    if (status != NativeMethods.POLYSPAN_E_BUFFER)
                    {
                        return string.Empty;
                    }

                    room = (int)buffer.len + 64;
                }
            }

            return string.Empty;
        }

        private static byte[] Output(int room)
        {
            byte[]? bytes = output;
            if (bytes == null || bytes.Length < room)
            {
                bytes = new byte[Math.Max(room, FirstGuess)];
                output = bytes.Length <= 64 * 1024 ? bytes : null;
            }

            return bytes;
        }

        /// <summary>The parts of a zero-terminated list.</summary>
        private static string[] Split(string list)
        {
            if (list.Length == 0)
            {
                return Array.Empty<string>();
            }

            return (list[list.Length - 1] == '\0' ? list.Substring(0, list.Length - 1) : list).Split('\0');
        }
    }
}
