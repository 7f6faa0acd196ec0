using System;
using System.Diagnostics;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;

namespace Polyspan.AspNetCore
{
    /// <summary>Puts <see cref="ServerSpanMiddleware"/> around the whole pipeline, error pages included.</summary>
    internal sealed class ServerSpanStartupFilter : IStartupFilter, IDisposable
    {
        private readonly PolyspanHost host;
        private readonly IDisposable subscription;

        public ServerSpanStartupFilter(PolyspanHost host, DiagnosticListener listener)
        {
            this.host = host;
            subscription = DeveloperPageExceptions.Subscribe(listener);
        }

        public Action<IApplicationBuilder> Configure(Action<IApplicationBuilder> next)
        {
            return application =>
            {
                var middleware = new ServerSpanMiddleware(host.Options);
                application.Use(middleware.Invoke);
                next(application);
            };
        }

        public void Dispose()
        {
            subscription.Dispose();
        }
    }
}
