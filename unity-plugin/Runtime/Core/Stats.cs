#nullable enable
namespace Polyspan
{
    /// <summary>
    /// Where the spans of this process are. At every quiet moment <c>Started = Live + Abandoned + Ended</c> and
    /// <c>Ended = SampledOut + Delivered + Dropped</c>.
    /// </summary>
    public readonly struct PolyspanStats
    {
        private readonly string? json;

        internal PolyspanStats(in Native.polyspan_stats source, string json)
        {
            this.json = json;
            Started = source.started;
            Live = source.live;
            Abandoned = source.abandoned;
            Ended = source.ended;
            SampledOut = source.sampled_out;
            Delivered = source.delivered;
            DroppedQueueFull = source.dropped_queue_full;
            DroppedInvalid = source.dropped_invalid;
            DroppedRejected = source.dropped_rejected;
            DroppedTimeout = source.dropped_timeout;
            DroppedShutdown = source.dropped_shutdown;
            DroppedHostExit = source.dropped_host_exit;
            DroppedUnconfirmed = source.dropped_unconfirmed;
            DroppedTooLarge = source.dropped_too_large;
        }

        /// <summary>Spans that were started.</summary>
        public ulong Started { get; }

        /// <summary>Spans that are open.</summary>
        public long Live { get; }

        /// <summary>Spans that were given up without an end.</summary>
        public ulong Abandoned { get; }

        /// <summary>Spans that were ended.</summary>
        public ulong Ended { get; }

        /// <summary>Ended spans that the sampler did not want.</summary>
        public ulong SampledOut { get; }

        /// <summary>Spans that the receiver has confirmed.</summary>
        public ulong Delivered { get; }

        /// <summary>Lost because more spans came than could be taken.</summary>
        public ulong DroppedQueueFull { get; }

        /// <summary>Lost because they could not be read.</summary>
        public ulong DroppedInvalid { get; }

        /// <summary>Lost because the receiver refused them.</summary>
        public ulong DroppedRejected { get; }

        /// <summary>Lost because the receiver was not there for too long.</summary>
        public ulong DroppedTimeout { get; }

        /// <summary>Lost because they came or were still waiting when polyspan shut down.</summary>
        public ulong DroppedShutdown { get; }

        /// <summary>Lost because the process or the domain ended.</summary>
        public ulong DroppedHostExit { get; }

        /// <summary>Sent, but without an answer that says whether they arrived.</summary>
        public ulong DroppedUnconfirmed { get; }

        /// <summary>Lost because one span alone is larger than a request may be.</summary>
        public ulong DroppedTooLarge { get; }

        /// <summary>All lost spans.</summary>
        public ulong Dropped => DroppedQueueFull + DroppedInvalid + DroppedRejected + DroppedTimeout + DroppedShutdown
            + DroppedHostExit + DroppedUnconfirmed + DroppedTooLarge;

        /// <summary>All numbers as one line of JSON, the same in every language.</summary>
        public string ToJson()
        {
            return json ?? "{}";
        }

        /// <inheritdoc/>
        public override string ToString()
        {
            return ToJson();
        }
    }
}
