#nullable enable
using System;

namespace Polyspan.Native
{
    /// <summary>The head verdict on a span, as slot flags and the core number it.</summary>
    internal enum Verdict : byte
    {
        Drop = 0,
        RecordOnly = 1,
        Sample = 2,
    }

    /// <summary>How many attributes, events and links a span may have; the core's policy sets them.</summary>
    internal struct Limits
    {
        public int Attributes;
        public int Events;
        public int Links;
        public int EventAttributes;
        public int LinkAttributes;

        public static Limits Default => new Limits { Attributes = 128, Events = 128, Links = 128, EventAttributes = 128, LinkAttributes = 128 };
    }

    /// <summary>
    /// One span in the form of docs/span-batch.md while its fields come in: attributes, events and links are kept apart until
    /// <see cref="BatchWriter.Append"/> puts them behind the 17 slots of the record. Reused for span after span.
    /// </summary>
    internal sealed class SpanRecord
    {
        /// <summary>Slots of a record before its attributes.</summary>
        public const int FixedSlots = 17;

        /// <summary>.NET ticks (100 ns) from year 1 to 1970.</summary>
        public const long UnixEpochTicks = 621355968000000000;

        /// <summary>Characters that one record may collect; protects the memory from a single span (the core's rule too).</summary>
        private const int TextBudget = 1 << 20;

        private const uint EventItem = 1;
        private const uint LinkItem = 2;
        private const uint RemoteBit = 1 << 8;

        private readonly SlotBuffer attributeSlots = new SlotBuffer(64);
        private readonly SlotBuffer eventSlots = new SlotBuffer(32);
        private readonly SlotBuffer linkSlots = new SlotBuffer(16);
        private readonly bool ownsText;
        private readonly AttributeList spanAttributes;
        private readonly AttributeList eventAttributes;
        private readonly AttributeList linkAttributes;
        private Limits limits;
        private ulong name;
        private ulong traceState;
        private ulong statusDescription;
        private int status;
        private int events;
        private int links;
        private int droppedEvents;
        private int droppedLinks;
        private int item;

        /// <summary>A record with a text buffer of its own; its strings are moved into the batch.</summary>
        public SpanRecord()
            : this(new TextBuffer(256), true)
        {
        }

        /// <summary>A record whose strings go straight into the batch's text.</summary>
        public SpanRecord(TextBuffer text)
            : this(text, false)
        {
        }

        private SpanRecord(TextBuffer text, bool ownsText)
        {
            Text = text;
            this.ownsText = ownsText;
            spanAttributes = new AttributeList(attributeSlots, text, !ownsText);
            eventAttributes = new AttributeList(eventSlots, text, !ownsText);
            linkAttributes = new AttributeList(linkSlots, text, !ownsText);
        }

        public TextBuffer Text { get; }

        public ulong TraceHigh { get; set; }

        public ulong TraceLow { get; set; }

        public ulong SpanId { get; set; }

        public ulong ParentId { get; set; }

        public ulong LocalRootId { get; set; }

        /// <summary>Start in ticks of 100 ns since 1970.</summary>
        public long StartTicks { get; set; }

        /// <summary>End in ticks of 100 ns since 1970.</summary>
        public long EndTicks { get; set; }

        public uint Tracer { get; set; }

        /// <summary>0 unspecified, 1 internal, 2 server, 3 client, 4 producer, 5 consumer.</summary>
        public int Kind { get; set; }

        public Verdict Verdict { get; set; }

        /// <summary>W3C trace flags: 1 sampled, 2 random.</summary>
        public int TraceFlags { get; set; }

        public bool ParentIsRemote { get; set; }

        public bool LastOfLocalTrace { get; set; }

        public bool HasThreshold { get; set; }

        public ulong Threshold { get; set; }

        /// <summary>Attributes of the span itself.</summary>
        public AttributeList Attributes => spanAttributes;

        /// <summary>Attributes of the event begun last.</summary>
        public AttributeList EventAttributes => eventAttributes;

        /// <summary>Attributes of the link begun last.</summary>
        public AttributeList LinkAttributes => linkAttributes;

        /// <summary>Empties the record for the next span.</summary>
        public void Begin(in Limits countLimits)
        {
            limits = countLimits;
            attributeSlots.Clear();
            eventSlots.Clear();
            linkSlots.Clear();
            if (ownsText)
            {
                Text.Clear();
            }

            Text.Budget = Text.Length + TextBudget;
            spanAttributes.Begin(limits.Attributes);
            name = traceState = statusDescription = 0;
            TraceHigh = TraceLow = SpanId = ParentId = LocalRootId = Threshold = 0;
            StartTicks = EndTicks = 0;
            Tracer = 0;
            Kind = status = TraceFlags = 0;
            Verdict = Verdict.Drop;
            ParentIsRemote = LastOfLocalTrace = HasThreshold = false;
            events = links = droppedEvents = droppedLinks = 0;
        }

        public void SetName(string? value)
        {
            name = ownsText ? Text.Add(value) : Text.Intern(value);
        }

        public void SetTraceState(string? value)
        {
            traceState = Text.Add(value);
        }

        /// <summary>0 unset, 1 ok, 2 error. As specified, ok is final, unset changes nothing and only an error has a description.</summary>
        public void SetStatus(int code, string? description)
        {
            if (code == 0 || status == 1)
            {
                return;
            }

            status = code;
            statusDescription = code == 2 ? Text.Add(description) : 0;
        }

        /// <summary>Begins an event; false if the limit keeps it out. Its attributes go to <see cref="EventAttributes"/>.</summary>
        public bool BeginEvent(string? eventName, long ticks)
        {
            if (events >= limits.Events || !Text.Fits(0))
            {
                droppedEvents++;
                return false;
            }

            events++;
            item = eventSlots.Length;
            eventSlots.Add(EventItem, 0);
            eventSlots.Add(Milliseconds(ticks));
            eventSlots.Add(Nanoseconds(ticks), 0);
            eventSlots.Add(ownsText ? Text.Add(eventName) : Text.Intern(eventName));
            eventSlots.Add(0UL);
            eventAttributes.Begin(limits.EventAttributes);
            return true;
        }

        public void EndEvent()
        {
            ulong[] slots = eventSlots.Items;
            slots[item] = SlotBuffer.Pair(EventItem, (uint)(eventSlots.Length - item));
            slots[item + 2] = SlotBuffer.Pair((uint)slots[item + 2], (uint)eventAttributes.Count);
            slots[item + 4] = SlotBuffer.Pair((uint)eventAttributes.Dropped, 0);
        }

        /// <summary>Begins a link; false if the limit keeps it out. Its attributes go to <see cref="LinkAttributes"/>.</summary>
        public bool BeginLink(ulong traceHigh, ulong traceLow, ulong spanId, int flags, bool remote, string? state)
        {
            if (links >= limits.Links || !Text.Fits(0))
            {
                droppedLinks++;
                return false;
            }

            links++;
            item = linkSlots.Length;
            linkSlots.Add(LinkItem, 0);
            linkSlots.Add(traceHigh);
            linkSlots.Add(traceLow);
            linkSlots.Add(spanId);
            linkSlots.Add((uint)flags | (remote ? RemoteBit : 0), 0);
            linkSlots.Add(Text.Add(state));
            linkSlots.Add(0UL);
            linkAttributes.Begin(limits.LinkAttributes);
            return true;
        }

        public void EndLink()
        {
            ulong[] slots = linkSlots.Items;
            slots[item] = SlotBuffer.Pair(LinkItem, (uint)(linkSlots.Length - item));
            slots[item + 4] = SlotBuffer.Pair((uint)slots[item + 4], (uint)linkAttributes.Count);
            slots[item + 6] = SlotBuffer.Pair((uint)linkAttributes.Dropped, 0);
        }

        /// <summary>Writes the finished record to the end of <paramref name="target"/>.</summary>
        public void WriteTo(SlotBuffer target, uint textBase)
        {
            int length = FixedSlots + attributeSlots.Length + eventSlots.Length + linkSlots.Length;
            int at = target.Reserve(FixedSlots);
            ulong[] slots = target.Items;
            slots[at] = SlotBuffer.Pair((uint)length, Flags());
            slots[at + 1] = TraceHigh;
            slots[at + 2] = TraceLow;
            slots[at + 3] = SpanId;
            slots[at + 4] = ParentId;
            slots[at + 5] = LocalRootId;
            slots[at + 6] = (ulong)BitConverter.DoubleToInt64Bits(Milliseconds(StartTicks));
            slots[at + 7] = (ulong)BitConverter.DoubleToInt64Bits(Milliseconds(EndTicks));
            slots[at + 8] = SlotBuffer.Pair(Nanoseconds(StartTicks), Nanoseconds(EndTicks));
            slots[at + 9] = SlotBuffer.Pair(Tracer, textBase);
            slots[at + 10] = name;
            slots[at + 11] = traceState;
            slots[at + 12] = statusDescription;
            slots[at + 13] = HasThreshold ? Threshold : 0;
            slots[at + 14] = SlotBuffer.Pair((uint)spanAttributes.Count, (uint)(events + links));
            slots[at + 15] = SlotBuffer.Pair((uint)spanAttributes.Dropped, (uint)droppedEvents);
            slots[at + 16] = SlotBuffer.Pair((uint)droppedLinks, (uint)attributeSlots.Length);
            target.Add(attributeSlots);
            target.Add(eventSlots);
            target.Add(linkSlots);
        }

        private static double Milliseconds(long ticks)
        {
            return ticks <= 0 ? 0 : ticks / TimeSpan.TicksPerMillisecond;
        }

        private static uint Nanoseconds(long ticks)
        {
            return ticks <= 0 ? 0 : (uint)(ticks % TimeSpan.TicksPerMillisecond) * 100;
        }

        private uint Flags()
        {
            return (uint)Kind
                | ((uint)Verdict << 3)
                | ((uint)status << 5)
                | ((uint)(TraceFlags & 3) << 8)
                | (ParentIsRemote ? 1U << 10 : 0)
                | (LastOfLocalTrace ? 1U << 11 : 0)
                | (HasThreshold ? 1U << 12 : 0);
        }
    }
}
