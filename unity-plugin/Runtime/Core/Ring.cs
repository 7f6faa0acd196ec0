#nullable enable
using System.Threading;

namespace Polyspan.Native
{
    /// <summary>
    /// A bounded queue for many writers and one reader without a lock (after Dmitry Vyukov's bounded MPMC queue). A full
    /// ring refuses: the newest span is dropped and counted, the application never waits.
    /// </summary>
    internal sealed class Ring<T>
    {
        private readonly Cell[] cells;
        private readonly int mask;
        private long tail;
        private long head;

        /// <param name="capacity">Rounded up to a power of two.</param>
        public Ring(int capacity)
        {
            int size = 2;
            while (size < capacity)
            {
                size *= 2;
            }

            cells = new Cell[size];
            mask = size - 1;
            for (int i = 0; i < size; i++)
            {
                cells[i].Sequence = i;
            }
        }

        public int Capacity => cells.Length;

        /// <summary>How many items were ever put in: a position that <see cref="Head"/> reaches when they are out.</summary>
        public long Tail => Volatile.Read(ref tail);

        /// <summary>How many items were ever taken out.</summary>
        public long Head => Volatile.Read(ref head);

        public int Count => (int)(Tail - Head);

        public bool TryPush(in T item)
        {
            while (true)
            {
                long position = Volatile.Read(ref tail);
                ref Cell cell = ref cells[position & mask];
                long distance = Volatile.Read(ref cell.Sequence) - position;
                if (distance < 0)
                {
                    return false;
                }

                if (distance == 0 && Interlocked.CompareExchange(ref tail, position + 1, position) == position)
                {
                    cell.Item = item;
                    Volatile.Write(ref cell.Sequence, position + 1);
                    return true;
                }
            }
        }

        /// <summary>Only for the one reader.</summary>
        public bool TryTake(out T item)
        {
            ref Cell cell = ref cells[head & mask];
            if (Volatile.Read(ref cell.Sequence) != head + 1)
            {
                item = default!;
                return false;
            }

            item = cell.Item;
            cell.Item = default!;
            Volatile.Write(ref cell.Sequence, head + cells.Length);
            Volatile.Write(ref head, head + 1);
            return true;
        }

        private struct Cell
        {
            public long Sequence;
            public T Item;
        }
    }
}
