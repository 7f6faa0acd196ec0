using System;
using System.Diagnostics;
using System.Globalization;
using System.Threading.Tasks;
using Microsoft.AspNetCore.Diagnostics;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.Routing;

namespace Polyspan.AspNetCore
{
    /// <summary>
    /// Gives the framework's server activity the attributes of the HTTP semantic conventions; the framework itself sets
    /// none.
    /// </summary>
    internal sealed class ServerSpanMiddleware
    {
        private readonly PolyspanAspNetCoreOptions options;
        private readonly CapturedHeader[] requestHeaders;
        private readonly CapturedHeader[] responseHeaders;

        public ServerSpanMiddleware(PolyspanAspNetCoreOptions options)
        {
            this.options = options;
            requestHeaders = CapturedHeader.All("http.request.header.", options.CaptureRequestHeaders);
            responseHeaders = CapturedHeader.All("http.response.header.", options.CaptureResponseHeaders);
        }

        public async Task Invoke(HttpContext context, RequestDelegate next)
        {
            Activity? activity = context.Features.Get<IHttpActivityFeature>()?.Activity;
            if (activity is not { IsAllDataRequested: true })
            {
                await next(context).ConfigureAwait(false);
                return;
            }

            // Before the pipeline: re-execution for an error page changes path and endpoint.
            DescribeRequest(activity, context.Request);
            try
            {
                await next(context).ConfigureAwait(false);
            }
            catch (Exception exception)
            {
                DescribeEnd(activity, context, exception, context.Response.HasStarted ? context.Response.StatusCode : StatusCodes.Status500InternalServerError);
                throw;
            }

            DescribeEnd(activity, context, context.Features.Get<IExceptionHandlerFeature>()?.Error ?? DeveloperPageExceptions.Of(context), context.Response.StatusCode);
        }

        private void DescribeRequest(Activity activity, HttpRequest request)
        {
            string method = HttpMethodNames.Known(request.Method);
            activity.SetTag("http.request.method", method);
            if (method == HttpMethodNames.Other)
            {
                activity.SetTag("http.request.method_original", request.Method);
            }

            activity.DisplayName = method == HttpMethodNames.Other ? "HTTP" : method;
            activity.SetTag("url.scheme", request.Scheme);
            activity.SetTag("url.path", (request.PathBase + request.Path).Value is { Length: > 0 } path ? path : "/");
            if (request.QueryString.HasValue)
            {
                activity.SetTag("url.query", request.QueryString.Value!.Substring(1));
            }

            if (request.Host.HasValue)
            {
                activity.SetTag("server.address", request.Host.Host);
                if (request.Host.Port is int port)
                {
                    activity.SetTag("server.port", port);
                }
            }

            if (request.Headers.UserAgent is { Count: > 0 } agent)
            {
                activity.SetTag("user_agent.original", agent.ToString());
            }

            if (HttpProtocolVersion(request.Protocol) is string version)
            {
                activity.SetTag("network.protocol.version", version);
            }

            if (request.HttpContext.Connection.RemoteIpAddress is { } peer)
            {
                activity.SetTag("network.peer.address", peer.ToString());
                activity.SetTag("network.peer.port", request.HttpContext.Connection.RemotePort);
            }

            CapturedHeader.Record(requestHeaders, request.Headers, activity);
        }

        private void DescribeEnd(Activity activity, HttpContext context, Exception? exception, int status)
        {
            if (RouteOf(context) is string route)
            {
                activity.SetTag("http.route", route);
                activity.DisplayName = activity.GetTagItem("http.request.method") + " " + route;
            }

            activity.SetTag("http.response.status_code", status);
            CapturedHeader.Record(responseHeaders, context.Response.Headers, activity);
            if (exception != null && options.RecordExceptions)
            {
                RecordException(activity, exception);
            }

            // A client's mistake (4xx) is no error of the server.
            if (status >= 500 && activity.Status == ActivityStatusCode.Unset)
            {
                activity.SetTag("error.type", exception?.GetType().FullName ?? status.ToString(CultureInfo.InvariantCulture));
                activity.SetStatus(ActivityStatusCode.Error, exception?.Message);
            }
        }

        private static void RecordException(Activity activity, Exception exception)
        {
#if NET10_0_OR_GREATER
            activity.AddException(exception);
#else
            activity.AddEvent(new ActivityEvent("exception", tags: new ActivityTagsCollection
            {
                { "exception.type", exception.GetType().FullName },
                { "exception.message", exception.Message },
                { "exception.stacktrace", exception.ToString() },
            }));
#endif
        }

        private static string? RouteOf(HttpContext context)
        {
            Endpoint? endpoint = context.Features.Get<IExceptionHandlerFeature>()?.Endpoint ?? context.GetEndpoint();
            return (endpoint as RouteEndpoint)?.RoutePattern.RawText;
        }

        private static string? HttpProtocolVersion(string protocol)
        {
            if (HttpProtocol.IsHttp11(protocol))
            {
                return "1.1";
            }

            return HttpProtocol.IsHttp2(protocol) ? "2"
                : HttpProtocol.IsHttp3(protocol) ? "3"
                : HttpProtocol.IsHttp10(protocol) ? "1.0"
                : null;
        }
    }
}
