using System;
using System.Collections.Generic;
using System.Threading;
using System.Threading.Tasks;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;

namespace Polyspan.AspNetCore
{
    /// <summary>Ties polyspan's life to the host's. What the program itself has started with Init is used and left running.</summary>
    internal sealed class PolyspanHost : IHostedService, IDisposable
    {
        private static readonly TimeSpan StopTimeout = TimeSpan.FromSeconds(5);

        private readonly bool owns;

        public PolyspanHost(IEnumerable<PolyspanServiceCollectionExtensions.Configuration> configurations)
        {
            Options = new PolyspanAspNetCoreOptions();
            foreach (PolyspanServiceCollectionExtensions.Configuration configuration in configurations)
            {
                configuration.Apply(Options);
            }

            PolyspanSdk? running = PolyspanSdk.Current;
            owns = running == null;
            Sdk = running ?? PolyspanSdk.Init(Options.Polyspan);
        }

        public PolyspanAspNetCoreOptions Options { get; }

        public PolyspanSdk Sdk { get; }

        public Task StartAsync(CancellationToken cancellationToken)
        {
            return Task.CompletedTask;
        }

        /// <summary>Off the caller's thread, because the core waits for the network.</summary>
        public Task StopAsync(CancellationToken cancellationToken)
        {
            return owns ? Task.Run(() => Sdk.Shutdown(StopTimeout), CancellationToken.None) : Task.CompletedTask;
        }

        public void Dispose()
        {
            if (owns)
            {
                Sdk.Dispose();
            }
        }
    }
}
