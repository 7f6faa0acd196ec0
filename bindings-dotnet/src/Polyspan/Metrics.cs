using System;
using System.Collections.Generic;
using System.Diagnostics.Metrics;
using Polyspan.Native;

namespace Polyspan
{
    /// <summary>Passes what counters count to the core, which adds up and exports.</summary>
    internal sealed unsafe class CounterListener : IDisposable
    {
        /// <summary>Attributes of one measurement that are passed on.</summary>
        private const int MaxAttributes = 64;

        private readonly Provider provider;
        private readonly MeterListener listener = new MeterListener();

        public CounterListener(Provider provider, SourceFilter meters)
        {
            this.provider = provider;
            listener.InstrumentPublished = (instrument, self) =>
            {
                if (IsCounter(instrument) && meters.Matches(instrument.Meter.Name) && Create(instrument) is object counter)
                {
                    self.EnableMeasurementEvents(instrument, counter);
                }
            };
            listener.SetMeasurementEventCallback<long>(static (_, value, tags, counter) => Add(counter, value, tags));
            listener.SetMeasurementEventCallback<int>(static (_, value, tags, counter) => Add(counter, value, tags));
            listener.SetMeasurementEventCallback<short>(static (_, value, tags, counter) => Add(counter, value, tags));
            listener.SetMeasurementEventCallback<byte>(static (_, value, tags, counter) => Add(counter, value, tags));
            listener.SetMeasurementEventCallback<double>(static (_, value, tags, counter) => Add(counter, value, tags));
            listener.SetMeasurementEventCallback<float>(static (_, value, tags, counter) => Add(counter, (double)value, tags));
            listener.Start();
        }

        public void Dispose()
        {
            listener.Dispose();
        }

        private static bool IsCounter(Instrument instrument)
        {
            return instrument is Counter<long> or Counter<int> or Counter<short> or Counter<byte> or Counter<double> or Counter<float>;
        }

        private static void Add(object? counter, long value, ReadOnlySpan<KeyValuePair<string, object?>> tags)
        {
            polyspan_node* nodes = stackalloc polyspan_node[Math.Min(tags.Length, MaxAttributes) + 1];
            Utf8Buffer text = Utf8Buffer.OfThread();
            int count = Write(tags, nodes, text);
            fixed (byte* data = text.Bytes)
            {
                Point(nodes, count, data);
                NativeMethods.polyspan_counter_add_int((ulong)counter!, value, nodes, (nuint)count);
            }
        }

        private static void Add(object? counter, double value, ReadOnlySpan<KeyValuePair<string, object?>> tags)
        {
            polyspan_node* nodes = stackalloc polyspan_node[Math.Min(tags.Length, MaxAttributes) + 1];
            Utf8Buffer text = Utf8Buffer.OfThread();
            int count = Write(tags, nodes, text);
            fixed (byte* data = text.Bytes)
            {
                Point(nodes, count, data);
                NativeMethods.polyspan_counter_add_double((ulong)counter!, value, nodes, (nuint)count);
            }
        }

        /// <summary>Writes attributes as nodes whose texts are offsets until <see cref="Point"/> makes them addresses.</summary>
        private static int Write(ReadOnlySpan<KeyValuePair<string, object?>> tags, polyspan_node* nodes, Utf8Buffer text)
        {
            int count = 0;
            foreach (ref readonly KeyValuePair<string, object?> tag in tags)
            {
                if (count == MaxAttributes || tag.Value == null)
                {
                    continue;
                }

                polyspan_node node = default;
                int key = text.Add(tag.Key);
                node.key = NativeCall.Bytes((byte*)key, text.Length - key);
                switch (tag.Value)
                {
                    case bool b:
                        node.kind = NativeMethods.POLYSPAN_BOOL;
                        node.integer = b ? 1 : 0;
                        break;
                    case byte or sbyte or short or ushort or int or uint or long:
                        node.kind = NativeMethods.POLYSPAN_INT;
                        node.integer = Convert.ToInt64(tag.Value, null);
                        break;
                    case double or float:
                        node.kind = NativeMethods.POLYSPAN_DOUBLE;
                        node.real = Convert.ToDouble(tag.Value, null);
                        break;
                    default:
                        node.kind = NativeMethods.POLYSPAN_STRING;
                        int start = text.Add(Convert.ToString(tag.Value, System.Globalization.CultureInfo.InvariantCulture));
                        node.text = NativeCall.Bytes((byte*)start, text.Length - start);
                        break;
                }

                nodes[count++] = node;
            }

            return count;
        }

        private static void Point(polyspan_node* nodes, int count, byte* data)
        {
            for (int i = 0; i < count; i++)
            {
                nodes[i].key.data = data + (long)nodes[i].key.data;
                nodes[i].text.data = data + (long)nodes[i].text.data;
            }
        }

        private object? Create(Instrument instrument)
        {
            Utf8Buffer text = Utf8Buffer.OfThread();
            int meter = text.Add(instrument.Meter.Name);
            int version = text.Add(instrument.Meter.Version);
            int name = text.Add(instrument.Name);
            int unit = text.Add(instrument.Unit);
            int description = text.Add(instrument.Description);
            ulong counter;
            fixed (byte* data = text.Bytes)
            {
                int status = NativeMethods.polyspan_counter_new(
                    provider.Handle,
                    NativeCall.Bytes(data + meter, version - meter),
                    NativeCall.Bytes(data + version, name - version),
                    NativeCall.Bytes(data + name, unit - name),
                    NativeCall.Bytes(data + unit, description - unit),
                    NativeCall.Bytes(data + description, text.Length - description),
                    &counter,
                    null);
                return status == NativeMethods.POLYSPAN_OK ? counter : (object?)null;
            }
        }
    }
}
