#nullable enable
using System.Collections.Generic;

namespace Polyspan
{
    /// <summary>A bounded stack of objects to use again.</summary>
    internal sealed class Pool<T>
        where T : class
    {
        private readonly Stack<T> free = new Stack<T>();
        private readonly int capacity;

        public Pool(int capacity)
        {
            this.capacity = capacity;
        }

        public T? Take()
        {
            lock (free)
            {
                return free.Count == 0 ? null : free.Pop();
            }
        }

        public void Put(T item)
        {
            lock (free)
            {
                if (free.Count < capacity)
                {
                    free.Push(item);
                }
            }
        }
    }
}
