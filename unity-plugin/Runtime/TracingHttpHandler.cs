#nullable enable
using System;
using System.Collections.Generic;
using System.Net.Http;
using System.Threading;
using System.Threading.Tasks;

namespace Polyspan
{
    /// <summary>
    /// Traces the requests of an <see cref="HttpClient"/>: a client span each, and context headers to the hosts that you
    /// name.
    /// </summary>
    public sealed class TracingHttpHandler : DelegatingHandler
    {
        private readonly Tracer tracer;
        private readonly HashSet<string> hosts;

        /// <param name="tracer">Starts the spans.</param>
        /// <param name="hosts">Hosts that get context headers: your own servers.</param>
        /// <param name="inner">Sends the requests.</param>
        public TracingHttpHandler(Tracer tracer, IEnumerable<string> hosts, HttpMessageHandler inner)
            : base(inner)
        {
            this.tracer = tracer;
            this.hosts = new HashSet<string>(hosts, StringComparer.OrdinalIgnoreCase);
        }

        /// <inheritdoc/>
        protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
        {
            using (Span span = tracer.Start(request.Method.Method, SpanKind.Client))
            {
                Describe(span, request);
                if (request.RequestUri != null && hosts.Contains(request.RequestUri.Host))
                {
                    request.SetTraceHeaders(span);
                }

                try
                {
                    HttpResponseMessage response = await base.SendAsync(request, cancellationToken).ConfigureAwait(false);
                    span.SetAttribute("http.response.status_code", (long)(int)response.StatusCode);
                    if ((int)response.StatusCode >= 400)
                    {
                        span.SetAttribute("error.type", ((int)response.StatusCode).ToString(System.Globalization.CultureInfo.InvariantCulture));
                        span.SetStatus(StatusCode.Error);
                    }

                    return response;
                }
                catch (Exception exception)
                {
                    span.SetAttribute("error.type", exception.GetType().FullName);
                    span.RecordException(exception);
                    span.SetStatus(StatusCode.Error, exception.Message);
                    throw;
                }
            }
        }

        private static void Describe(in Span span, HttpRequestMessage request)
        {
            span.SetAttribute("http.request.method", request.Method.Method);
            if (request.RequestUri != null)
            {
                span.SetAttribute("url.full", request.RequestUri.AbsoluteUri);
                span.SetAttribute("server.address", request.RequestUri.Host);
                span.SetAttribute("server.port", (long)request.RequestUri.Port);
            }
        }
    }
}
