using System;
using System.Collections.Generic;
using System.Diagnostics;
using System.Runtime.InteropServices;
using Polyspan.Native;

namespace Polyspan
{
    /// <summary>
    /// A running polyspan: every activity of the chosen sources is sampled, redacted and exported until it is disposed.
    /// <code>
    /// using var polyspan = PolyspanSdk.Init(options => options.ServiceName = "checkout");
    /// </code>
    /// </summary>
    public sealed partial class PolyspanSdk : IDisposable
    {
        /// <summary>
        /// Ended activities that may wait for the worker; it looks every 20 ms, or at once when 512 wait.
        /// </summary>
        private const int RingCapacity = 8192;

        private static readonly object Gate = new object();

        private readonly Provider? provider;
        private readonly ActivityWorker? worker;
        private readonly ActivityTracer? tracer;
        private readonly CounterListener? counters;
        private readonly DistributedContextPropagator replaced;
        private int ended;

        private PolyspanSdk(PolyspanOptions options)
        {
            replaced = DistributedContextPropagator.Current;
            if (Native.NativeLibrary.Problem is string problem)
            {
                Problem = problem;
                Propagator = new ContextOnlyPropagator(replaced);
                Console.Error.WriteLine(problem);
            }
            else
            {
                provider = Provider.Create(options, BindingEntries(), 0);
                var propagator = new PolyspanPropagator(provider);
                Propagator = propagator;
                worker = new ActivityWorker(provider, RingCapacity);
                if (!provider.IsDisabled)
                {
                    tracer = new ActivityTracer(provider, worker, new SourceFilter(options.Sources));
                    counters = new CounterListener(provider, new SourceFilter(options.Meters));
                    propagator.Tracer = tracer;
                }

                AppDomain.CurrentDomain.ProcessExit += OnProcessExit;
            }

            DistributedContextPropagator.Current = Propagator;
        }

        /// <summary>The running instance, if there is one.</summary>
        public static PolyspanSdk? Current { get; private set; }

        /// <summary>Why nothing is recorded: the native library is missing or of another version. Null if all is well.</summary>
        public string? Problem { get; }

        /// <summary>What writes and reads context headers; already set as <see cref="DistributedContextPropagator.Current"/>.</summary>
        public DistributedContextPropagator Propagator { get; }

        /// <summary>Starts polyspan; what <paramref name="configure"/> leaves unset comes from the environment.</summary>
        /// <exception cref="PolyspanConfigException">An option has a value that is not allowed.</exception>
        /// <exception cref="InvalidOperationException">polyspan is already running in this process.</exception>
        public static PolyspanSdk Init(Action<PolyspanOptions>? configure = null)
        {
            var options = new PolyspanOptions();
            configure?.Invoke(options);
            return Init(options);
        }

        /// <inheritdoc cref="Init(Action{PolyspanOptions})"/>
        public static PolyspanSdk Init(PolyspanOptions options)
        {
            if (options == null)
            {
                throw new ArgumentNullException(nameof(options));
            }

            lock (Gate)
            {
                if (Current != null)
                {
                    throw new InvalidOperationException("polyspan is already running in this process; use PolyspanSdk.Current, or dispose it before starting another.");
                }

                return Current = new PolyspanSdk(options);
            }
        }

        /// <summary>Where the spans of this process are.</summary>
        public PolyspanStats Stats()
        {
            return provider == null ? default : provider.Stats();
        }

        /// <summary>The policy in words: how it samples, what it redacts, where it sends.</summary>
        public string Describe()
        {
            return provider == null ? Problem! : provider.Describe();
        }

        /// <summary>The policy's fingerprint; two services with the same one treat spans alike.</summary>
        public string Fingerprint()
        {
            return provider == null ? string.Empty : provider.Fingerprint();
        }

        /// <summary>
        /// What polyspan has to say about itself since the last call. From the first call on it no longer writes to
        /// standard error.
        /// </summary>
        public IReadOnlyList<string> TakeDiagnostics()
        {
            return provider == null ? Array.Empty<string>() : provider.TakeDiagnostics();
        }

        private static IEnumerable<KeyValuePair<string, string>> BindingEntries()
        {
            yield return new KeyValuePair<string, string>("binding", "dotnet");
            yield return new KeyValuePair<string, string>("language", "dotnet");
            yield return new KeyValuePair<string, string>("runtime_name", RuntimeInformation.FrameworkDescription.StartsWith(".NET Framework", StringComparison.Ordinal) ? ".NET Framework" : ".NET");
            yield return new KeyValuePair<string, string>("runtime_version", Environment.Version.ToString());
            yield return new KeyValuePair<string, string>("runtime_description", RuntimeInformation.FrameworkDescription);
        }
    }
}
