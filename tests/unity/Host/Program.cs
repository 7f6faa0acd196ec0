using System;
public static class Program { public static int Main() { Console.WriteLine("hello " + Environment.Version); return 0; } }
