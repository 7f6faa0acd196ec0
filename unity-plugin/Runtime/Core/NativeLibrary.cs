#nullable enable
using System;
using System.IO;
using System.Runtime.InteropServices;

namespace Polyspan.Native
{
    /// <summary>
    /// Finds out, once a domain, whether the native library is there and speaks our version of the C ABI. If not, polyspan
    /// is a no-op and says so once: what is missing, where, which versions, and what to do.
    /// </summary>
    internal static partial class NativeLibrary
    {
        /// <summary>The version of the C ABI that this code was written for.</summary>
        public const int AbiVersion = 1;

        /// <summary>The name that all P/Invokes use; the platform adds prefix and suffix.</summary>
        public const string Name = "polyspan_native";

        private static readonly Lazy<string?> LoadProblem = new Lazy<string?>(Load);

        /// <summary>Null if the library works, else one message for the user.</summary>
        public static string? Problem => LoadProblem.Value;

        /// <summary>The value of POLYSPAN_NATIVE_PATH: a file, or a directory that has the library.</summary>
        public static string? ConfiguredPath
        {
            get
            {
                string? path = Environment.GetEnvironmentVariable("POLYSPAN_NATIVE_PATH");
                return string.IsNullOrEmpty(path) ? null : Directory.Exists(path) ? Path.Combine(path, FileName) : path;
            }
        }

        /// <summary>The file's name on this platform.</summary>
        public static string FileName
        {
            get
            {
                if (RuntimeInformation.IsOSPlatform(OSPlatform.Windows))
                {
                    return Name + ".dll";
                }

                return "lib" + Name + (RuntimeInformation.IsOSPlatform(OSPlatform.OSX) ? ".dylib" : ".so");
            }
        }

        /// <summary>Lets a host direct the search before the first call (POLYSPAN_NATIVE_PATH where the runtime can).</summary>
        static partial void PrepareSearch();

        private static string? Load()
        {
            try
            {
                PrepareSearch();
                int found = NativeMethods.polyspan_abi_version();
                return found == AbiVersion
                    ? null
                    : Message("has version " + found + " of the C ABI, this package needs version " + AbiVersion, "use the native library that came with this package");
            }
            catch (DllNotFoundException)
            {
                return Message("was not found", "install a package that contains it for this platform, or let POLYSPAN_NATIVE_PATH name the file");
            }
            catch (EntryPointNotFoundException)
            {
                return Message("is not polyspan's or is too old (it has no polyspan_abi_version)", "use the native library that came with this package");
            }
            catch (BadImageFormatException)
            {
                return Message("is for another platform or damaged", "use the file for this platform");
            }
        }

        private static string Message(string what, string fix)
        {
            Version? version = typeof(NativeLibrary).Assembly.GetName().Version;
            return "polyspan: the native library " + (ConfiguredPath ?? FileName) + " " + what
                + " (polyspan " + version + ", C ABI " + AbiVersion + ", "
                + RuntimeInformation.OSDescription.Trim() + " " + RuntimeInformation.ProcessArchitecture
                + "). No spans are recorded. To fix it, " + fix + ".";
        }
    }
}
