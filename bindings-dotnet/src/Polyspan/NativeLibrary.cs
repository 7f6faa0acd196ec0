#if NET8_0_OR_GREATER
using System;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

[assembly: DisableRuntimeMarshalling]

namespace Polyspan.Native
{
    internal static partial class NativeLibrary
    {
        static partial void PrepareSearch()
        {
            if (ConfiguredPath == null)
            {
                return;
            }

            System.Runtime.InteropServices.NativeLibrary.SetDllImportResolver(
                typeof(NativeMethods).Assembly,
                static (name, _, _) => name == Name && ConfiguredPath is string path
                    ? System.Runtime.InteropServices.NativeLibrary.Load(path)
                    : IntPtr.Zero);
        }
    }
}
#endif
