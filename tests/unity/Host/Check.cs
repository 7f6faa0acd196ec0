using System;
using System.Collections.Generic;
using System.Diagnostics;

namespace Polyspan.Tests
{
    /// <summary>The few assertions that the tests need; a test framework does not run here.</summary>
    internal static class Check
    {
        public static void Equal<T>(T expected, T actual, string what)
        {
            if (!EqualityComparer<T>.Default.Equals(expected, actual))
            {
                throw new InvalidOperationException(what + ": expected <" + expected + "> but got <" + actual + ">");
            }
        }

        public static void True(bool condition, string what)
        {
            if (!condition)
            {
                throw new InvalidOperationException(what);
            }
        }

        /// <summary>Waits for something that another thread does.</summary>
        public static void Soon(Func<bool> condition, Func<string> what)
        {
            Stopwatch clock = Stopwatch.StartNew();
            while (!condition())
            {
                if (clock.Elapsed > TimeSpan.FromSeconds(10))
                {
                    throw new InvalidOperationException(what());
                }

                System.Threading.Thread.Sleep(10);
            }
        }
    }
}
