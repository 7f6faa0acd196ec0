#nullable enable
using System;
using System.Collections.Generic;
using Polyspan.Native;
using UnityEngine;

namespace Polyspan
{
    /// <summary>
    /// polyspan in a game: start it once, get tracers from it.
    /// <code>
    /// PolyspanSdk.Init(new PolyspanOptions { ServiceName = "my-game", Endpoint = "https://otlp.example.com" });
    /// Tracer tracer = PolyspanSdk.GetTracer("my-game.combat");
    /// using (Span span = tracer.Start("resolve turn")) { span.SetAttribute("turn", 7); }
    /// </code>
    /// Nothing here throws in a running game except <see cref="Init"/> for a wrong option; without the native library all
    /// of it does nothing and one warning says so.
    /// </summary>
    public static partial class PolyspanSdk
    {
        /// <summary>What one plugin may keep in memory for export unless the options say otherwise.</summary>
        private const string MemoryLimit = "4194304";

        private static readonly object Gate = new object();
        private static SpanPipeline? pipeline;

        /// <summary>The running core, or the last that ran: its numbers can still be read.</summary>
        private static Provider? core;

        /// <summary>Whether polyspan runs and has its native library.</summary>
        public static bool IsRunning => pipeline != null;

        /// <summary>What reads and writes context headers; null while polyspan does not run.</summary>
        internal static Native.Propagation? Propagation { get; private set; }

        /// <summary>Starts polyspan. Call it on the main thread. A second call while it runs does nothing.</summary>
        /// <exception cref="PolyspanConfigException">An option has a value that is not allowed.</exception>
        public static void Init(PolyspanOptions options)
        {
            if (options == null)
            {
                throw new ArgumentNullException(nameof(options));
            }

            lock (Gate)
            {
                if (pipeline != null)
                {
                    return;
                }

                if (Native.NativeLibrary.Problem is string problem)
                {
                    Debug.LogWarning(problem);
                    return;
                }

                Provider.Reap(Epoch);
                Provider provider = Provider.Create(options, BindingEntries(options), Epoch);
                Propagation = new Native.Propagation(provider);
                pipeline = new SpanPipeline(provider);
                core = provider;
                WatchLifecycle();
            }
        }

        /// <summary>The tracer of a part of the game. Keep it; while polyspan does not run it starts spans that do nothing.</summary>
        public static Tracer GetTracer(string name, string? version = null, string? schemaUrl = null)
        {
            SpanPipeline? running = pipeline;
            return running == null ? new Tracer(null, 0) : new Tracer(running, running.Core.TracerIndex(name, version, schemaUrl));
        }

        /// <summary>Where the spans of this run are.</summary>
        public static PolyspanStats Stats()
        {
            return core == null ? default : core.Stats();
        }

        /// <summary>The policy in words: how it samples, what it redacts, where it sends.</summary>
        public static string Describe()
        {
            return core == null ? Native.NativeLibrary.Problem ?? "polyspan does not run" : core.Describe();
        }

        /// <summary>The policy's fingerprint; two services with the same one treat spans alike.</summary>
        public static string Fingerprint()
        {
            return core == null ? string.Empty : core.Fingerprint();
        }

        /// <summary>What polyspan has to say about itself since the last call.</summary>
        public static IReadOnlyList<string> TakeDiagnostics()
        {
            return core == null ? Array.Empty<string>() : core.TakeDiagnostics();
        }

        private static IEnumerable<KeyValuePair<string, string>> BindingEntries(PolyspanOptions options)
        {
            yield return new KeyValuePair<string, string>("binding", "unity");
            yield return new KeyValuePair<string, string>("language", "dotnet");
            yield return new KeyValuePair<string, string>("memory_limit", MemoryLimit);
            yield return new KeyValuePair<string, string>("runtime_name", "Unity");
            yield return new KeyValuePair<string, string>("runtime_version", Application.unityVersion);
            yield return new KeyValuePair<string, string>("runtime_description", Application.platform.ToString());
            if (options.ServiceName == null && !EnvironmentNamesService() && !string.IsNullOrEmpty(Application.productName))
            {
                yield return new KeyValuePair<string, string>("service_name", Application.productName);
            }
        }

        private static bool EnvironmentNamesService()
        {
            return !string.IsNullOrEmpty(Environment.GetEnvironmentVariable("OTEL_SERVICE_NAME"))
                || (Environment.GetEnvironmentVariable("OTEL_RESOURCE_ATTRIBUTES") ?? string.Empty).Contains("service.name=");
        }
    }
}
