#nullable enable
using System;
using System.Collections.Generic;

namespace Polyspan
{
    /// <summary>
    /// A handle to a running span. It is a value: copies mean the same span, and one that is used after the end does
    /// nothing. The default is a span that records nothing. Safe from any thread.
    /// </summary>
    public readonly struct Span : IDisposable
    {
        private readonly SpanRecorder? recorder;
        private readonly int version;
        private readonly SpanContext context;

        internal Span(SpanRecorder recorder, in SpanContext context)
        {
            this.recorder = recorder;
            version = recorder.Version;
            this.context = context;
        }

        /// <summary>
        /// The span that code on this flow of execution works for: set by <see cref="Activate"/>, kept across
        /// <c>await</c>. Coroutines and jobs do not carry it; give them the span and use it as an explicit parent.
        /// </summary>
        public static Span Current => ActiveSpan.Current;

        /// <summary>The span's identity; stays valid after the end.</summary>
        public SpanContext Context => context;

        /// <summary>Whether what is set on the span is kept.</summary>
        public bool IsRecording
        {
            get
            {
                if (recorder == null)
                {
                    return false;
                }

                lock (recorder)
                {
                    return recorder.IsRecording(version);
                }
            }
        }

        internal SpanRecorder? Recorder => recorder;

        internal int Version => version;

        /// <summary>Sets an attribute; the same key again overwrites it.</summary>
        public void SetAttribute(string key, string? value)
        {
            if (recorder == null || value == null)
            {
                return;
            }

            lock (recorder)
            {
                if (recorder.IsRecording(version))
                {
                    recorder.Record.Attributes.Set(key, value);
                }
            }
        }

        /// <inheritdoc cref="SetAttribute(string, string)"/>
        public void SetAttribute(string key, long value)
        {
            if (recorder == null)
            {
                return;
            }

            lock (recorder)
            {
                if (recorder.IsRecording(version))
                {
                    recorder.Record.Attributes.Set(key, value);
                }
            }
        }

        /// <inheritdoc cref="SetAttribute(string, string)"/>
        public void SetAttribute(string key, double value)
        {
            if (recorder == null)
            {
                return;
            }

            lock (recorder)
            {
                if (recorder.IsRecording(version))
                {
                    recorder.Record.Attributes.Set(key, value);
                }
            }
        }

        /// <inheritdoc cref="SetAttribute(string, string)"/>
        public void SetAttribute(string key, bool value)
        {
            if (recorder == null)
            {
                return;
            }

            lock (recorder)
            {
                if (recorder.IsRecording(version))
                {
                    recorder.Record.Attributes.Set(key, value);
                }
            }
        }

        /// <summary>Sets an attribute of any other type: arrays, dictionaries, bytes. Boxes values.</summary>
        public void SetAttribute(string key, object? value)
        {
            if (recorder == null)
            {
                return;
            }

            lock (recorder)
            {
                if (recorder.IsRecording(version))
                {
                    recorder.Record.Attributes.Set(key, value);
                }
            }
        }

        /// <summary>Gives the span another name.</summary>
        public void UpdateName(string name)
        {
            if (recorder == null)
            {
                return;
            }

            lock (recorder)
            {
                if (recorder.IsRecording(version))
                {
                    recorder.Record.SetName(name);
                }
            }
        }

        /// <summary>Says how the work went. Ok is final; only an error has a description.</summary>
        public void SetStatus(StatusCode code, string? description = null)
        {
            if (recorder == null)
            {
                return;
            }

            lock (recorder)
            {
                if (recorder.IsRecording(version))
                {
                    recorder.Record.SetStatus((int)code, description);
                }
            }
        }

        /// <summary>Adds an event that happens now.</summary>
        public void AddEvent(string name)
        {
            AddEvent(name, Array.Empty<KeyValuePair<string, object?>>());
        }

        /// <summary>Adds an event that happens now, with attributes.</summary>
        public void AddEvent(string name, params KeyValuePair<string, object?>[] attributes)
        {
            AddEvent(name, 0, attributes);
        }

        /// <summary>Adds an event that happened at a given time.</summary>
        public void AddEvent(string name, DateTimeOffset time, params KeyValuePair<string, object?>[] attributes)
        {
            AddEvent(name, time.UtcTicks - Native.SpanRecord.UnixEpochTicks, attributes);
        }

        /// <summary>Adds a link to another span.</summary>
        public void AddLink(in SpanContext target, params KeyValuePair<string, object?>[] attributes)
        {
            if (recorder == null)
            {
                return;
            }

            lock (recorder)
            {
                Native.ContextParts to = target.Parts;
                if (recorder.IsRecording(version)
                    && recorder.Record.BeginLink(to.TraceHigh, to.TraceLow, to.SpanId, to.Flags, to.Remote, to.TraceState))
                {
                    foreach (KeyValuePair<string, object?> attribute in attributes)
                    {
                        recorder.Record.LinkAttributes.Set(attribute.Key, attribute.Value);
                    }

                    recorder.Record.EndLink();
                }
            }
        }

        /// <summary>
        /// Adds the exception as an event; attributes that are given win over its own. Does not set the status: an exception
        /// that was handled is no failure.
        /// </summary>
        public void RecordException(Exception exception, params KeyValuePair<string, object?>[] attributes)
        {
            RecordException(exception, 0, attributes);
        }

        /// <summary>Adds an exception that happened at a given time.</summary>
        public void RecordException(Exception exception, DateTimeOffset time, params KeyValuePair<string, object?>[] attributes)
        {
            RecordException(exception, time.UtcTicks - Native.SpanRecord.UnixEpochTicks, attributes);
        }

        /// <summary>Makes this the <see cref="Current"/> span until the returned scope is disposed.</summary>
        public ActiveSpan Activate()
        {
            return new ActiveSpan(this);
        }

        /// <summary>Ends the span now. A second end does nothing.</summary>
        public void End()
        {
            recorder?.End(version, 0);
        }

        /// <summary>Ends the span at a given time.</summary>
        public void End(DateTimeOffset time)
        {
            recorder?.End(version, time.UtcTicks - Native.SpanRecord.UnixEpochTicks);
        }

        /// <summary>Ends the span now.</summary>
        public void Dispose()
        {
            End();
        }

        private void AddEvent(string name, long ticks, IReadOnlyList<KeyValuePair<string, object?>> attributes)
        {
            if (recorder == null)
            {
                return;
            }

            lock (recorder)
            {
                if (recorder.IsRecording(version) && recorder.Record.BeginEvent(name, ticks == 0 ? recorder.Now() : ticks))
                {
                    for (int i = 0; i < attributes.Count; i++)
                    {
                        recorder.Record.EventAttributes.Set(attributes[i].Key, attributes[i].Value);
                    }

                    recorder.Record.EndEvent();
                }
            }
        }

        private void RecordException(Exception exception, long ticks, KeyValuePair<string, object?>[] attributes)
        {
            if (exception == null || recorder == null)
            {
                return;
            }

            var all = new List<KeyValuePair<string, object?>>(3 + attributes.Length);
            AddUnlessGiven(all, attributes, "exception.type", exception.GetType().FullName);
            AddUnlessGiven(all, attributes, "exception.message", exception.Message);
            AddUnlessGiven(all, attributes, "exception.stacktrace", exception.ToString());
            all.AddRange(attributes);
            AddEvent("exception", ticks, all);
        }

        private static void AddUnlessGiven(List<KeyValuePair<string, object?>> all, KeyValuePair<string, object?>[] given, string key, string? value)
        {
            if (!Array.Exists(given, attribute => attribute.Key == key))
            {
                all.Add(new KeyValuePair<string, object?>(key, value));
            }
        }
    }
}
