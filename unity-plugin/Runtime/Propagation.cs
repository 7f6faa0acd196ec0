#nullable enable
using System;
using System.Collections.Generic;
using System.Net.Http;
using UnityEngine.Networking;

namespace Polyspan
{
    /// <summary>Carries the trace into requests and out of headers. Headers are written only where you ask for it.</summary>
    public static class Propagation
    {
        private static readonly Native.Propagation.HeaderSetter<UnityWebRequest> SetOnWebRequest =
            (request, name, value) => request.SetRequestHeader(name, value);

        private static readonly Native.Propagation.HeaderSetter<HttpRequestMessage> SetOnMessage = (request, name, value) =>
        {
            request.Headers.Remove(name);
            request.Headers.TryAddWithoutValidation(name, value);
        };

        private static readonly Native.Propagation.HeaderSetter<Action<string, string>> SetOnCaller = (set, name, value) => set(name, value);

        /// <summary>
        /// Sets <c>traceparent</c> and the other context headers on a request, before it is sent. Do not call it for other
        /// people's servers: they would see your baggage.
        /// </summary>
        public static void SetTraceHeaders(this UnityWebRequest request, in Span span)
        {
            PolyspanSdk.Propagation?.Inject(span.Context.Parts, Baggage.Members, request, SetOnWebRequest);
        }

        /// <inheritdoc cref="SetTraceHeaders(UnityWebRequest, in Span)"/>
        public static void SetTraceHeaders(this HttpRequestMessage request, in Span span)
        {
            PolyspanSdk.Propagation?.Inject(span.Context.Parts, Baggage.Members, request, SetOnMessage);
        }

        /// <summary>Writes context and <see cref="Baggage"/> by any means.</summary>
        public static void Inject(in SpanContext context, Action<string, string> set)
        {
            PolyspanSdk.Propagation?.Inject(context.Parts, Baggage.Members, set, SetOnCaller);
        }

        /// <summary>
        /// Reads a context. <paramref name="get"/> returns all lines of a header, or null. The context is not valid if
        /// there is none; <paramref name="baggage"/> gets the members that came with it.
        /// </summary>
        public static SpanContext Extract(Func<string, IEnumerable<string>?> get, ICollection<KeyValuePair<string, string?>>? baggage = null)
        {
            Native.Propagation? propagation = PolyspanSdk.Propagation;
            if (propagation == null)
            {
                return default;
            }

            var headers = new List<string>();
            foreach (string name in propagation.Headers)
            {
                foreach (string line in get(name) ?? Array.Empty<string>())
                {
                    headers.Add(name);
                    headers.Add(line);
                }
            }

            var members = new List<KeyValuePair<string, string?>>();
            var context = new SpanContext(propagation.Extract(headers, members));
            foreach (KeyValuePair<string, string?> member in members)
            {
                baggage?.Add(member);
            }

            return context;
        }
    }
}
