using System;
using System.Collections.Generic;
using System.Reflection;
using System.Threading;

namespace Polyspan.Tests
{
    /// <summary>Runs every test and prints <c>N passed, N failed</c>. A watchdog ends a run that hangs.</summary>
    public static class Program
    {
        private const int HangsAfterSeconds = 240;

        public static int Main(string[] arguments)
        {
            new Thread(Watch) { IsBackground = true, Name = "watchdog" }.Start();
            bool missing = arguments.Length > 0 && arguments[0] == "--without-library";
            int failed = 0;
            int passed = 0;
            using (var sink = new Sink())
            {
                if (!missing)
                {
                    LifecycleTests.Init(sink);
                }

                foreach (MethodInfo test in missing ? Tests(typeof(MissingLibrary)) : Tests(typeof(NativeLayoutTests), typeof(ExampleTests), typeof(SpanTests), typeof(LifecycleTests)))
                {
                    try
                    {
                        test.Invoke(null, new object[] { sink });
                        passed++;
                        Console.WriteLine("ok   " + test.Name.Replace('_', ' '));
                    }
                    catch (TargetInvocationException failure)
                    {
                        failed++;
                        Console.WriteLine("FAIL " + test.Name.Replace('_', ' ') + "\n     " + failure.InnerException);
                    }
                }

                PolyspanSdk.Shutdown(TimeSpan.FromSeconds(5));
            }

            Console.WriteLine(passed + " passed, " + failed + " failed");
            return failed == 0 ? 0 : 1;
        }

        private static IEnumerable<MethodInfo> Tests(params Type[] classes)
        {
            foreach (Type type in classes)
            {
                foreach (MethodInfo method in type.GetMethods(BindingFlags.Public | BindingFlags.Static))
                {
                    if (method.Name.Contains("_"))
                    {
                        yield return method;
                    }
                }
            }
        }

        private static void Watch()
        {
            Thread.Sleep(TimeSpan.FromSeconds(HangsAfterSeconds));
            Console.WriteLine("the run hangs: not finished after " + HangsAfterSeconds + " s");
            Console.WriteLine("0 passed, 1 failed");
            Environment.Exit(2);
        }
    }
}
