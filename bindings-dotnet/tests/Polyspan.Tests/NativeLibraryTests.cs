using System.Diagnostics;
using System.Reflection;
using System.Runtime.Loader;
using Xunit;

namespace Polyspan.Tests;

/// <summary>Without its native library polyspan does nothing, and says so once. Each case loads a second Polyspan.dll.</summary>
public class NativeLibraryTests
{
    [Fact]
    public void A_missing_library_is_a_no_op_with_one_message()
    {
        string path = Path.Combine(AppContext.BaseDirectory, "no-such-library.so");
        string message = InitIn(path, polyspan =>
        {
            using var source = new ActivitySource("tests");
            Assert.Null(source.StartActivity("a"));
            Assert.True((bool)Call(polyspan, "Flush", TimeSpan.Zero)!);
            Assert.Equal("{}", Call(polyspan, "Stats")!.ToString());
            AssertContextGoesOnWithoutBaggage();
        });
        Assert.Contains("was not found", message);
        Assert.Contains(path, message);
        Assert.Contains("POLYSPAN_NATIVE_PATH", message);
        Assert.Contains("C ABI 1", message);
    }

    [Fact]
    public void A_library_with_another_version_of_the_abi_is_refused()
    {
        string message = InitIn(Compile("int polyspan_abi_version(void) { return 99; }"), _ => { });
        Assert.Contains("has version 99 of the C ABI, this package needs version 1", message);
    }

    [Fact]
    public void A_library_that_is_not_polyspans_is_refused()
    {
        Assert.Contains("is not polyspan's", InitIn(Compile("int something_else(void) { return 1; }"), _ => { }));
    }

    private static string InitIn(string library, Action<object> act)
    {
        Environment.SetEnvironmentVariable("POLYSPAN_NATIVE_PATH", library);
        TextWriter errors = Console.Error;
        var written = new StringWriter();
        Console.SetError(written);
        var context = new AssemblyLoadContext("second polyspan", isCollectible: false);
        try
        {
            Type sdk = context.LoadFromAssemblyPath(typeof(PolyspanSdk).Assembly.Location).GetType("Polyspan.PolyspanSdk")!;
            MethodInfo init = sdk.GetMethods().Single(method => method.Name == "Init" && method.GetParameters()[0].ParameterType.Name.StartsWith("Action"));
            using var polyspan = (IDisposable)init.Invoke(null, [null])!;
            act(polyspan);
            Assert.Equal((string)sdk.GetProperty("Problem")!.GetValue(polyspan)!, written.ToString().TrimEnd());
        }
        finally
        {
            Console.SetError(errors);
            Environment.SetEnvironmentVariable("POLYSPAN_NATIVE_PATH", null);
        }

        return written.ToString();
    }

    private static object? Call(object polyspan, string method, params object[] arguments)
    {
        return polyspan.GetType().GetMethod(method)!.Invoke(polyspan, arguments);
    }

    private static void AssertContextGoesOnWithoutBaggage()
    {
        using Activity activity = new Activity("by hand").SetIdFormat(ActivityIdFormat.W3C).Start();
        activity.AddBaggage("customer", "jane.doe@example.com");
        var headers = new List<string>();
        DistributedContextPropagator.Current.Inject(activity, null, (_, name, _) => headers.Add(name));
        Assert.Equal(["traceparent"], headers);
    }

    private static string Compile(string source)
    {
        string file = Path.Combine(Directory.CreateTempSubdirectory("polyspan").FullName, "fake.c");
        File.WriteAllText(file, source);
        string library = Path.ChangeExtension(file, ".so");
        using Process compiler = Process.Start("cc", ["-shared", "-fPIC", "-o", library, file]);
        compiler.WaitForExit();
        Assert.Equal(0, compiler.ExitCode);
        return library;
    }
}
