#nullable enable
using System;
using System.Diagnostics;
using System.Threading;

namespace Polyspan.Native
{
    /// <summary>
    /// Takes ended spans from the application's threads and hands them to the core, many in one call: a ring and one
    /// managed background thread, started with the first span.
    /// <para>
    /// The thread calls into native code; native code never calls back (a native thread that has once entered managed code
    /// keeps Unity's editor from reloading its scripts).
    /// </para>
    /// </summary>
    /// <typeparam name="T">What an application thread leaves behind at the end of a span.</typeparam>
    internal abstract class Worker<T>
    {
        /// <summary>How long spans are gathered after the first one; the core batches for the network by itself.</summary>
        private const int GatherMilliseconds = 20;

        private const int Asleep = 0;
        private const int Gathering = 1;
        private const int Busy = 2;

        private readonly Provider provider;
        private readonly Ring<T> ring;
        private readonly BatchWriter batch = new BatchWriter();
        private readonly AutoResetEvent wake = new AutoResetEvent(false);
        private readonly object progress = new object();
        private readonly int enough;
        private Thread? thread;
        private int state;
        private volatile bool stopping;
        private bool finished;
        private long handedOver;

        protected Worker(Provider provider, int capacity)
        {
            this.provider = provider;
            ring = new Ring<T>(capacity);
            enough = Math.Min(BatchWriter.MaxRecords, ring.Capacity / 2);
        }

        /// <summary>The batch that <see cref="Encode"/> appends to.</summary>
        protected BatchWriter Batch => batch;

        protected Provider Provider => provider;

        /// <summary>
        /// Leaves an ended span behind. Never blocks; false if the ring is full or the worker has stopped, which is counted.
        /// </summary>
        public bool TryPush(in T item)
        {
            if (stopping)
            {
                provider.CountGivenUp(1);
                return false;
            }

            if (!ring.TryPush(item))
            {
                provider.CountRefused();
                return false;
            }

            if (stopping)
            {
                // Perhaps the worker took its last look before this push; then nobody else will count the span.
                CountLeftovers(false);
                return true;
            }

            int now = Volatile.Read(ref state);
            if (now == Asleep || (now == Gathering && ring.Count >= enough))
            {
                Wake(now);
            }

            return true;
        }

        /// <summary>Waits until every span that was pushed before the call is in the core.</summary>
        public bool Drain(TimeSpan timeout)
        {
            long goal = ring.Tail;
            long deadline = Deadline(timeout);
            lock (progress)
            {
                while (Volatile.Read(ref handedOver) < goal)
                {
                    StartThread();
                    if (thread == null || !thread.IsAlive)
                    {
                        return false;
                    }

                    Volatile.Write(ref state, Busy);
                    wake.Set();
                    int left = MillisecondsLeft(deadline);
                    if (left <= 0 || !Monitor.Wait(progress, left))
                    {
                        return Volatile.Read(ref handedOver) >= goal;
                    }
                }
            }

            return true;
        }

        /// <summary>Hands over what is left and ends the thread, if that can be done in time. Returns whether it could.</summary>
        public bool Stop(TimeSpan timeout)
        {
            long deadline = Deadline(timeout);
            bool drained = Drain(timeout);
            stopping = true;
            wake.Set();
            Thread? running = thread;
            if (running == null)
            {
                CountLeftovers(true);
                return drained;
            }

            return running.Join(Math.Max(1, MillisecondsLeft(deadline))) && drained;
        }

        /// <summary>Turns one ended span into a record of <see cref="Batch"/>; runs on the worker's thread only.</summary>
        protected abstract void Encode(in T item);

        private static long Deadline(TimeSpan timeout)
        {
            return Stopwatch.GetTimestamp() + (long)(timeout.TotalSeconds * Stopwatch.Frequency);
        }

        private static int MillisecondsLeft(long deadline)
        {
            long left = (deadline - Stopwatch.GetTimestamp()) * 1000 / Stopwatch.Frequency;
            return (int)Math.Max(0, Math.Min(int.MaxValue, left));
        }

        private void Wake(int seen)
        {
            // One waker is enough; the others find the state changed and go on.
            if (Interlocked.CompareExchange(ref state, seen == Asleep ? Gathering : Busy, seen) != seen)
            {
                return;
            }

            StartThread();
            wake.Set();
        }

        private void StartThread()
        {
            if (thread != null)
            {
                return;
            }

            lock (progress)
            {
                if (thread == null && !finished)
                {
                    var started = new Thread(Run, 256 * 1024) { IsBackground = true, Name = "polyspan" };
                    started.Start();
                    thread = started;
                }
            }
        }

        /// <summary>Counts what stays in the ring because there is no worker (any more) that would take it.</summary>
        private void CountLeftovers(bool workerEnds)
        {
            lock (progress)
            {
                finished |= workerEnds;
                int count = 0;
                while (finished && ring.TryTake(out _))
                {
                    count++;
                }

                provider.CountGivenUp(count);
            }
        }

        private void Run()
        {
            try
            {
                while (true)
                {
                    wake.WaitOne();
                    if (!stopping && Volatile.Read(ref state) == Gathering)
                    {
                        wake.WaitOne(GatherMilliseconds);
                    }

                    Volatile.Write(ref state, Busy);
                    HandOver();
                    if (stopping)
                    {
                        HandOver();
                        CountLeftovers(true);
                        return;
                    }

                    Interlocked.Exchange(ref state, Asleep);
                    if (ring.Count > 0)
                    {
                        // Pushed between the last look and the change of state: nobody else will wake us for it.
                        Wake(Asleep);
                    }
                }
            }
            catch (ThreadAbortException)
            {
                // The domain is being unloaded (Unity's editor, .NET Framework); the core keeps what it already has.
            }
        }

        /// <summary>Empties the ring, batch by batch.</summary>
        private void HandOver()
        {
            while (ring.Count > 0)
            {
                batch.Begin(provider.ReadPolicy());
                while (!batch.IsFull && ring.TryTake(out T item))
                {
                    try
                    {
                        Encode(item);
                    }
                    catch (Exception failure) when (!(failure is ThreadAbortException))
                    {
                        // Foreign code that a span refers to is caught where it runs; this is the last net.
                        provider.CountRefused();
                    }
                }

                if (batch.Records > 0)
                {
                    provider.Submit(batch);
                }
                else
                {
                    // A writer has its place in the ring but has not filled it yet.
                    Thread.Yield();
                }

                lock (progress)
                {
                    Volatile.Write(ref handedOver, ring.Head);
                    Monitor.PulseAll(progress);
                }
            }
        }
    }
}
