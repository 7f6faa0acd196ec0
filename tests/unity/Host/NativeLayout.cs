using System;
using System.Collections.Generic;
using System.IO;
using System.Linq;
using System.Reflection;
using System.Runtime.InteropServices;
using Polyspan.Native;

namespace Polyspan.Tests
{
    /// <summary>Compares how C# lays out the structs of the native interface with how C does: <c>tests/c/layout.txt</c>.</summary>
    /// <remarks>The tests of both C# packages compile this file, because each has its own copy of the structs, and .NET and Mono lay out by themselves.</remarks>
    internal static class NativeLayout
    {
        /// <summary>What C has and C# has not, what C# has and C has not, and what differs: a line each, none if they agree.</summary>
        public static List<string> Differences(IEnumerable<string> linesOfC, IEnumerable<Type> structs)
        {
            Dictionary<string, long> c = linesOfC.Select(line => line.Split(' ')).ToDictionary(words => words[0], words => long.Parse(words[1]));
            Dictionary<string, long> csharp = structs.SelectMany(Lines).ToDictionary(line => line.Key, line => line.Value);
            return c.Keys.Union(csharp.Keys).OrderBy(name => name, StringComparer.Ordinal)
                .Where(name => !c.TryGetValue(name, out long one) || !csharp.TryGetValue(name, out long other) || one != other)
                .Select(name => name + ": " + Told(c, name) + " in C, " + Told(csharp, name) + " in C#")
                .ToList();
        }

        /// <summary>The lines of <c>layout.txt</c>, which the test assembly carries.</summary>
        public static string[] OfC()
        {
            using Stream file = typeof(NativeLayout).Assembly.GetManifestResourceStream("layout.txt")
                ?? throw new InvalidOperationException("the test assembly was built without tests/c/layout.txt");
            using var reader = new StreamReader(file);
            return reader.ReadToEnd().Split(new[] { '\n' }, StringSplitOptions.RemoveEmptyEntries);
        }

        /// <summary>The structs of the generated bindings.</summary>
        public static Type[] OfCSharp()
        {
            // All have the prefix of the interface, but so may the arrays within them that the compiler makes structs of.
            return typeof(NativeMethods).Assembly.GetTypes()
                .Where(type => type.IsValueType && !type.IsNested && type.Name.StartsWith("polyspan_", StringComparison.Ordinal))
                .ToArray();
        }

        private static IEnumerable<KeyValuePair<string, long>> Lines(Type type)
        {
            yield return new KeyValuePair<string, long>(type.Name, SizeInMemory(type));
            foreach (FieldInfo field in type.GetFields(BindingFlags.Public | BindingFlags.NonPublic | BindingFlags.Instance))
            {
                yield return new KeyValuePair<string, long>(type.Name + "." + field.Name, (long)Marshal.OffsetOf(type, field.Name));
            }
        }

        /// <summary>The size with which native code finds the struct: it gets pointers to it, not copies that were marshalled.</summary>
        private static long SizeInMemory(Type type)
        {
            var two = Array.CreateInstance(type, 2);
            // Only what is the same in memory as for native code can be pinned; anything else throws.
            GCHandle pin = GCHandle.Alloc(two, GCHandleType.Pinned);
            try
            {
                long size = (long)Marshal.UnsafeAddrOfPinnedArrayElement(two, 1) - (long)Marshal.UnsafeAddrOfPinnedArrayElement(two, 0);
                return size == Marshal.SizeOf(type) ? size : throw new InvalidOperationException(type.Name + " has another size when it is marshalled");
            }
            finally
            {
                pin.Free();
            }
        }

        private static string Told(Dictionary<string, long> lines, string name)
        {
            return lines.TryGetValue(name, out long number) ? number.ToString() : "absent";
        }
    }
}
