#nullable enable

namespace Polyspan.Native
{
    /// <summary>
    /// Finished spans on their way to the core: two buffers that are filled by one thread, handed over in one call and
    /// used again.
    /// </summary>
    internal sealed class BatchWriter
    {
        /// <summary>Spans in a batch at most.</summary>
        public const int MaxRecords = 512;

        private const uint Magic = 0x01425350;
        private const uint Utf16 = 1;

        /// <summary>A batch is closed early when its text has grown to this many characters.</summary>
        private const int FullText = 1 << 20;

        /// <summary>The same for slots.</summary>
        private const int FullSlots = 1 << 17;

        public SlotBuffer Slots { get; } = new SlotBuffer(4096);

        public TextBuffer Text { get; } = new TextBuffer(8192);

        /// <summary>How many records the batch has.</summary>
        public int Records { get; private set; }

        /// <summary>Whether the batch should be handed over before another span is added.</summary>
        public bool IsFull => Records >= MaxRecords || Text.Length >= FullText || Slots.Length >= FullSlots;

        /// <summary>Empties the batch. <paramref name="policyEpoch"/> names the policy whose verdicts the records carry.</summary>
        public void Begin(uint policyEpoch)
        {
            Slots.Clear();
            Text.Clear();
            Text.Budget = int.MaxValue;
            Records = 0;
            Slots.Add(Magic, Utf16);
            Slots.Add(0, policyEpoch);
        }

        public void Append(SpanRecord record)
        {
            uint textBase = ReferenceEquals(record.Text, Text) ? 0 : (uint)Text.Add(record.Text);
            record.WriteTo(Slots, textBase);
            Records++;
            Slots.Items[1] = SlotBuffer.Pair((uint)Records, (uint)(Slots.Items[1] >> 32));
        }
    }
}
