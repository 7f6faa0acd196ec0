using System;

namespace Polyspan.Tests
{
    /// <summary>The structs of the native interface, as Mono lays them out.</summary>
    internal static class NativeLayoutTests
    {
        public static void Structs_lie_in_memory_as_they_do_in_C(Sink sink)
        {
            string differences = string.Join("; ", NativeLayout.Differences(NativeLayout.OfC(), NativeLayout.OfCSharp()));
            Check.Equal(string.Empty, differences, "differences");
        }
    }
}
