using System;
using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using UnityEditor;
using UnityEngine;

namespace Polyspan.Tests
{
    /// <summary>Start, stop and reload, in this domain and in others that are thrown away.</summary>
    internal static class LifecycleTests
    {
        public static void Init(Sink sink)
        {
            PolyspanSdk.Init(new PolyspanOptions { Endpoint = sink.Endpoint, BaggageAttributes = "tenant,customer" });
            Check.True(PolyspanSdk.IsRunning, "running; warnings: " + string.Join("\n", FakeUnity.Warnings));
        }

        public static void A_wrong_option_throws_with_its_name(Sink sink)
        {
            PolyspanSdk.Shutdown(TimeSpan.FromSeconds(5));
            try
            {
                PolyspanSdk.Init(new PolyspanOptions { Sampler = "sometimes" });
                throw new InvalidOperationException("no exception");
            }
            catch (PolyspanConfigException failure)
            {
                Check.True(failure.Message.Contains("sampler") && failure.Message.Contains("sometimes") && failure.Message.Contains("always_on"), failure.Message);
            }

            Init(sink);
        }

        public static void Quitting_sends_the_rest_and_spans_go_on_doing_nothing(Sink sink)
        {
            Tracer tracer = PolyspanSdk.GetTracer("game");
            Span open = tracer.StartRoot("open at quit");
            tracer.StartRoot("before quit").End();
            Check.True(FakeUnity.WatchesQuitting, "listens to quitting");
            FakeUnity.Quit();
            sink.Single("before quit");
            Check.True(!PolyspanSdk.IsRunning && !FakeUnity.WatchesQuitting, "nothing stays behind");
            Check.Equal(1L, PolyspanSdk.Stats().Live, "the numbers can still be read");
            open.SetAttribute("late", 1);
            open.End();
            Check.Equal(0L, PolyspanSdk.Stats().Live, "and still change");
            tracer.StartRoot("after quit").End();
            PolyspanSdk.GetTracer("game").StartRoot("after quit").End();
            Init(sink);
            PolyspanSdk.GetTracer("game").StartRoot("second run").End();
            Check.True(PolyspanSdk.Flush(TimeSpan.FromSeconds(10)), "flush");
            sink.Single("second run");
        }

        public static void The_editor_hooks_end_a_run(Sink sink)
        {
            System.Runtime.CompilerServices.RuntimeHelpers.RunClassConstructor(
                Type.GetType("Polyspan.Editor.ReloadHook, Polyspan.Unity.Editor", true)!.TypeHandle);
            EditorApplication.Raise(PlayModeStateChange.EnteredPlayMode);
            Check.True(PolyspanSdk.IsRunning, "entering play mode ends nothing");
            EditorApplication.Raise(PlayModeStateChange.ExitingPlayMode);
            Check.True(!PolyspanSdk.IsRunning, "leaving play mode ends it");
            Init(sink);
            AssemblyReloadEvents.Raise();
            Check.True(!PolyspanSdk.IsRunning, "a reload ends it");
            Init(sink);
        }

        public static void Shutdown_is_bounded_when_nobody_answers(Sink sink)
        {
            PolyspanSdk.Shutdown(TimeSpan.FromSeconds(5));
            var deaf = new TcpListener(IPAddress.Loopback, 0);
            deaf.Start();
            PolyspanSdk.Init(new PolyspanOptions { Endpoint = "http://127.0.0.1:" + ((IPEndPoint)deaf.LocalEndpoint).Port });
            PolyspanSdk.GetTracer("game").StartRoot("to nobody").End();
            Check.True(!PolyspanSdk.Shutdown(TimeSpan.FromMilliseconds(300)), "not everything was delivered");
            PolyspanStats stats = PolyspanSdk.Stats();
            Check.Equal(stats.Ended, stats.Dropped + stats.Delivered, "spans that are counted");
            deaf.Stop();
            Init(sink);
        }

        /// <summary>
        /// What the editor does at every change of a script, fifty times: load the scripts into a new domain, run, throw the
        /// domain away. The native library and its worker stay alive all the time.
        /// </summary>
        public static void Fifty_domain_reloads(Sink sink)
        {
            var longest = TimeSpan.Zero;
            for (int round = 0; round < 50; round++)
            {
                AppDomain domain = AppDomain.CreateDomain("scripts " + round);

                // Not in .NET Standard, but Mono has it.
                var guest = (Guest)domain.GetType()
                    .GetMethod("CreateInstanceAndUnwrap", new[] { typeof(string), typeof(string) })!
                    .Invoke(domain, new object[] { typeof(Guest).Assembly.FullName!, typeof(Guest).FullName! })!;
                guest.Play(sink.Endpoint, round, round % 2 == 0);
                Stopwatch clock = Stopwatch.StartNew();
                AppDomain.Unload(domain);
                longest = clock.Elapsed > longest ? clock.Elapsed : longest;
            }

            Check.Soon(() => Count(sink) == 100, () => "spans of the 50 domains: " + Count(sink));
            Console.WriteLine("  longest unload: " + longest.TotalMilliseconds.ToString("F0") + " ms");
        }

        /// <summary>A domain that dies without any hook is collected by the next one.</summary>
        public static void What_a_dead_domain_left_is_reaped(Sink sink)
        {
            ulong before = Native.Provider.Reap(1) >= 0 ? 1UL : 0UL;
            Native.Provider left = Native.Provider.Create(new PolyspanOptions { Endpoint = sink.Endpoint }, Array.Empty<System.Collections.Generic.KeyValuePair<string, string>>(), 12345);
            Check.Equal(1, Native.Provider.Reap(before), "reaped");
            Check.Equal(0, Native.Provider.Reap(before), "reaped again");
            Check.True(left.Fingerprint().Length > 0, "a reaped provider can still be asked");
            PolyspanSdk.Shutdown(TimeSpan.FromSeconds(5));
            Init(sink);
        }

        private static int Count(Sink sink)
        {
            return sink.Spans.FindAll(span => span.Scope == "guest").Count;
        }

        /// <summary>The game's scripts in a domain of their own.</summary>
        public sealed class Guest : MarshalByRefObject
        {
            public void Play(string endpoint, int round, bool shutDownFirst)
            {
                PolyspanSdk.Init(new PolyspanOptions { Endpoint = endpoint });
                Tracer tracer = PolyspanSdk.GetTracer("guest");
                using (Span root = tracer.StartRoot("frame"))
                using (Span child = tracer.Start("work", root))
                {
                    child.SetAttribute("round", round);
                }

                if (shutDownFirst)
                {
                    PolyspanSdk.ShutdownForReload();
                }

                // Else DomainUnload is the last chance, with the managed worker and the native one alive.
            }
        }
    }
}
