#nullable enable
using System.Threading;

namespace Polyspan.Native
{
    /// <summary>
    /// Spans started and ended by one thread: only that thread adds, so no interlocked operation is needed. The numbers
    /// wrap around; what counts is the difference to the last reading.
    /// </summary>
    internal sealed class ThreadCounts
    {
        public uint Started;
        public uint Ended;

        /// <summary>Of those that ended, the ones that the sampler did not want: count them in <see cref="Ended"/> first.</summary>
        public uint SampledOut;
        private readonly Thread owner = Thread.CurrentThread;
        private uint takenStarted;
        private uint takenEnded;
        private uint takenSampledOut;

        /// <summary>Adds what is new to the sums; true if nothing more can come.</summary>
        public bool Take(ref uint started, ref uint ended, ref uint sampledOut)
        {
            bool over = !owner.IsAlive;
            uint nowStarted = Volatile.Read(ref Started);
            uint nowSampledOut = Volatile.Read(ref SampledOut);
            uint nowEnded = Volatile.Read(ref Ended);
            unchecked
            {
                started += nowStarted - takenStarted;
                ended += nowEnded - takenEnded;
                sampledOut += nowSampledOut - takenSampledOut;
            }

            takenStarted = nowStarted;
            takenEnded = nowEnded;
            takenSampledOut = nowSampledOut;
            return over;
        }
    }
}
