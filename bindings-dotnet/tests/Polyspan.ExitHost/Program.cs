using System;
using System.Diagnostics;

namespace Polyspan.ExitHost
{
    /// <summary>Makes spans and leaves without a word: <c>return</c>, <c>exit</c> or <c>throw</c>.</summary>
    internal static class Program
    {
        private static int Main(string[] arguments)
        {
            PolyspanSdk polyspan = PolyspanSdk.Init(options => options.Endpoint = arguments[0]);
            using var source = new ActivitySource("exit");
            for (int i = 0; i < 100; i++)
            {
                source.StartActivity("last words")?.Dispose();
            }

            switch (arguments[1])
            {
                case "exit":
                    Environment.Exit(3);
                    break;
                case "stats":
                    polyspan.Dispose();
                    Console.WriteLine(polyspan.Stats().ToJson());
                    break;
            }

            return 0;
        }
    }
}
