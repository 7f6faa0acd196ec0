using Polyspan.Native;
using Xunit;

namespace Polyspan.Tests;

public class RingTests
{
    [Fact]
    public void A_full_ring_refuses_and_takes_again_when_there_is_room()
    {
        var ring = new Ring<int>(3);
        Assert.Equal(4, ring.Capacity);
        for (int i = 0; i < 4; i++)
        {
            Assert.True(ring.TryPush(i));
        }

        Assert.False(ring.TryPush(4));
        Assert.True(ring.TryTake(out int first));
        Assert.Equal(0, first);
        Assert.True(ring.TryPush(5));
        Assert.Equal([1, 2, 3, 5], Rest(ring));
    }

    [Fact]
    public void Nothing_is_lost_or_doubled_between_many_writers_and_one_reader()
    {
        const int Writers = 4;
        const int Each = 50_000;
        var ring = new Ring<int>(64);
        long refused = 0;
        var threads = new List<Thread>();
        for (int writer = 0; writer < Writers; writer++)
        {
            int own = writer;
            threads.Add(new Thread(() =>
            {
                for (int i = 0; i < Each; i++)
                {
                    if (!ring.TryPush((own * Each) + i))
                    {
                        Interlocked.Increment(ref refused);
                        Thread.Yield();
                    }
                }
            }));
        }

        threads.ForEach(thread => thread.Start());
        var seen = new HashSet<int>();
        var last = new int[Writers];
        while (threads.Exists(thread => thread.IsAlive) || ring.Count > 0)
        {
            if (!ring.TryTake(out int item))
            {
                Thread.Yield();
                continue;
            }

            Assert.True(seen.Add(item));
            Assert.True(item % Each >= last[item / Each], "one writer's items stay in order");
            last[item / Each] = item % Each;
        }

        Assert.Equal(Writers * Each, seen.Count + Interlocked.Read(ref refused));
    }

    private static List<int> Rest(Ring<int> ring)
    {
        var rest = new List<int>();
        while (ring.TryTake(out int item))
        {
            rest.Add(item);
        }

        return rest;
    }
}
