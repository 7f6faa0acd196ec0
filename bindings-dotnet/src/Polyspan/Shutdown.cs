using System;
using System.Diagnostics;

namespace Polyspan
{
    public sealed partial class PolyspanSdk
    {
        private static readonly TimeSpan DisposeTimeout = TimeSpan.FromSeconds(5);
        private static readonly TimeSpan ExitTimeout = TimeSpan.FromSeconds(2);

        /// <summary>Sends all spans that have ended. False if not everything was delivered in time; diagnostics say why.</summary>
        public bool Flush(TimeSpan timeout)
        {
            if (provider == null)
            {
                return true;
            }

            Stopwatch clock = Stopwatch.StartNew();
            bool drained = worker!.Drain(timeout);
            return provider.Flush(Left(timeout, clock)) == null && drained;
        }

        /// <summary>
        /// Takes no more spans, sends what there is and ends. Returns after <paramref name="timeout"/> at the latest; false
        /// if something was left behind (it is counted).
        /// </summary>
        public bool Shutdown(TimeSpan timeout)
        {
            if (System.Threading.Interlocked.Exchange(ref ended, 1) != 0)
            {
                return true;
            }

            lock (Gate)
            {
                if (ReferenceEquals(DistributedContextPropagator.Current, Propagator))
                {
                    DistributedContextPropagator.Current = replaced;
                }

                if (ReferenceEquals(Current, this))
                {
                    Current = null;
                }
            }

            if (provider == null)
            {
                return true;
            }

            AppDomain.CurrentDomain.ProcessExit -= OnProcessExit;
            Stopwatch clock = Stopwatch.StartNew();
            tracer?.Dispose();
            counters?.Dispose();
            bool drained = worker!.Stop(timeout);
            return provider.Shutdown(Left(timeout, clock)) == null && drained;
        }

        /// <summary><see cref="Shutdown"/> with 5 seconds.</summary>
        public void Dispose()
        {
            Shutdown(DisposeTimeout);
        }

        private static TimeSpan Left(TimeSpan timeout, Stopwatch clock)
        {
            TimeSpan left = timeout - clock.Elapsed;
            return left > TimeSpan.Zero ? left : TimeSpan.Zero;
        }

        private void OnProcessExit(object? sender, EventArgs e)
        {
            Shutdown(ExitTimeout);
        }
    }
}
