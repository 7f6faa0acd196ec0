using System;
using System.Diagnostics;
using System.Linq;
using Microsoft.AspNetCore.Hosting;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Hosting;
using Polyspan;
using Polyspan.AspNetCore;

namespace Microsoft.Extensions.DependencyInjection
{
    /// <summary>Adds polyspan to a host.</summary>
    public static class PolyspanServiceCollectionExtensions
    {
        /// <summary>
        /// Starts polyspan before the host's other services and stops it after them, completes the server spans of ASP.NET
        /// Core, and lets the host's requests carry context as polyspan does. A second call only adds to the options.
        /// </summary>
        public static IServiceCollection AddPolyspan(this IServiceCollection services, Action<PolyspanAspNetCoreOptions>? configure = null)
        {
            ArgumentNullException.ThrowIfNull(services);
            if (configure != null)
            {
                services.AddSingleton(new Configuration(configure));
            }

            if (services.Any(service => service.ServiceType == typeof(PolyspanHost)))
            {
                return services;
            }

            services.AddSingleton<PolyspanHost>();
            services.AddSingleton(provider => provider.GetRequiredService<PolyspanHost>().Sdk);

            // The host resolves its propagator once and keeps it.
            services.Replace(ServiceDescriptor.Singleton<DistributedContextPropagator>(provider => provider.GetRequiredService<PolyspanHost>().Sdk.Propagator));

            // First in: hosted services start in this order and stop in the reverse one.
            services.Insert(0, ServiceDescriptor.Singleton<IHostedService, PolyspanHost>(provider => provider.GetRequiredService<PolyspanHost>()));
            services.Insert(0, ServiceDescriptor.Singleton<IStartupFilter, ServerSpanStartupFilter>());
            return services;
        }

        /// <summary>One caller's share of the options.</summary>
        internal sealed class Configuration
        {
            public Configuration(Action<PolyspanAspNetCoreOptions> apply)
            {
                Apply = apply;
            }

            public Action<PolyspanAspNetCoreOptions> Apply { get; }
        }
    }
}
