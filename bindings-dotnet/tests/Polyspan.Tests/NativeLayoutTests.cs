using System.Runtime.InteropServices;
using Xunit;

namespace Polyspan.Tests;

public class NativeLayoutTests
{
    [Fact]
    public void Structs_lie_in_memory_as_they_do_in_C()
    {
        string[] c = NativeLayout.OfC();
        Assert.True(c.Length > 50, "layout.txt is cut");
        Assert.Empty(NativeLayout.Differences(c, NativeLayout.OfCSharp()));
    }

    [Fact]
    public void Whatever_differs_is_told()
    {
        string[] c = ["Pair 16", "Pair.first 0", "Pair.second 12", "Pair.third 14", "only_in_c 4"];
        Assert.Equal(
            [
                "OnlyInCSharp: absent in C, 1 in C#",
                "OnlyInCSharp.value: absent in C, 0 in C#",
                "Pair: 16 in C, 8 in C#",
                "Pair.second: 12 in C, 4 in C#",
                "Pair.third: 14 in C, absent in C#",
                "only_in_c: 4 in C, absent in C#",
            ],
            NativeLayout.Differences(c, [typeof(Pair), typeof(OnlyInCSharp)]));
    }

#pragma warning disable CS0649 // Only where the fields lie matters.
    [StructLayout(LayoutKind.Sequential)]
    private struct Pair
    {
        public byte first;
        public int second;
    }

    [StructLayout(LayoutKind.Sequential)]
    private struct OnlyInCSharp
    {
        public byte value;
    }
#pragma warning restore CS0649
}
