#nullable enable
using System;
using System.Diagnostics;
using UnityEngine;

namespace Polyspan
{
    public static partial class PolyspanSdk
    {
        /// <summary>
        /// Names this domain (this load of the scripts). The native library outlives a reload of the editor's scripts; what
        /// an earlier domain left in it is found by its other number.
        /// </summary>
        private static readonly ulong Epoch = NewEpoch();

        private static readonly TimeSpan QuitTimeout = TimeSpan.FromSeconds(2);

        /// <summary>The editor must not seem to hang while it reloads scripts.</summary>
        private static readonly TimeSpan ReloadTimeout = TimeSpan.FromMilliseconds(500);

        /// <summary>Sends all spans that have ended. False if not everything was delivered in time.</summary>
        public static bool Flush(TimeSpan timeout)
        {
            SpanPipeline? running = pipeline;
            if (running == null)
            {
                return true;
            }

            Stopwatch clock = Stopwatch.StartNew();
            bool drained = running.Drain(timeout);
            return running.Core.Flush(Left(timeout, clock)) == null && drained;
        }

        /// <summary>
        /// Takes no more spans, sends what there is and ends; returns after <paramref name="timeout"/> at the latest. Init
        /// can be called again afterwards.
        /// </summary>
        public static bool Shutdown(TimeSpan timeout)
        {
            SpanPipeline? running;
            lock (Gate)
            {
                running = pipeline;
                pipeline = null;
                Propagation = null;
                if (running == null)
                {
                    return true;
                }

                Application.quitting -= OnQuitting;
                AppDomain.CurrentDomain.DomainUnload -= OnDomainUnload;
            }

            Stopwatch clock = Stopwatch.StartNew();
            bool drained = running.Stop(timeout);
            return running.Core.Shutdown(Left(timeout, clock)) == null && drained;
        }

        /// <summary>For the editor's hooks: a short shutdown before scripts are reloaded or play mode ends.</summary>
        public static void ShutdownForReload()
        {
            Shutdown(ReloadTimeout);
        }

        /// <summary>Statics survive when play mode is entered without a reload of the scripts; the run before must not.</summary>
        [RuntimeInitializeOnLoadMethod(RuntimeInitializeLoadType.SubsystemRegistration)]
        private static void OnSubsystemRegistration()
        {
            Shutdown(ReloadTimeout);
        }

        private static void WatchLifecycle()
        {
            Application.quitting += OnQuitting;

            // The last chance if no hook of the editor ran; Mono lets it call native code.
            AppDomain.CurrentDomain.DomainUnload += OnDomainUnload;
            PolyspanLifecycle.Create();
        }

        private static void OnQuitting()
        {
            Shutdown(QuitTimeout);
        }

        private static void OnDomainUnload(object sender, EventArgs e)
        {
            Shutdown(ReloadTimeout);
        }

        private static TimeSpan Left(TimeSpan timeout, Stopwatch clock)
        {
            TimeSpan left = timeout - clock.Elapsed;
            return left > TimeSpan.Zero ? left : TimeSpan.Zero;
        }

        private static ulong NewEpoch()
        {
            // 0 would mean "belongs to the process", which is never collected.
            return BitConverter.ToUInt64(Guid.NewGuid().ToByteArray(), 0) | 1;
        }
    }
}
