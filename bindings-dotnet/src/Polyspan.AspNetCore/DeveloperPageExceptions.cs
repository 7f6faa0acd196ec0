using System;
using System.Collections.Generic;
using System.Diagnostics;
using System.Diagnostics.CodeAnalysis;
using Microsoft.AspNetCore.Http;

namespace Polyspan.AspNetCore
{
    /// <summary>
    /// Hears of the exceptions that the developer exception page swallows: unlike the exception handler it leaves nothing
    /// in the request's features, it only tells the framework's diagnostic listener.
    /// </summary>
    internal sealed class DeveloperPageExceptions : IObserver<KeyValuePair<string, object?>>
    {
        private const string Event = "Microsoft.AspNetCore.Diagnostics.UnhandledException";
        private static readonly object Key = new object();

        private DeveloperPageExceptions()
        {
        }

        public static IDisposable Subscribe(DiagnosticListener listener)
        {
            return listener.Subscribe(new DeveloperPageExceptions(), static name => name == Event);
        }

        /// <summary>The exception that was shown for this request.</summary>
        public static Exception? Of(HttpContext context)
        {
            return context.Items.TryGetValue(Key, out object? exception) ? exception as Exception : null;
        }

        public void OnNext(KeyValuePair<string, object?> value)
        {
            if (value.Value is object payload && Read(payload, "httpContext") is HttpContext context)
            {
                context.Items[Key] = Read(payload, "exception");
            }
        }

        public void OnCompleted()
        {
        }

        public void OnError(Exception error)
        {
        }

        [UnconditionalSuppressMessage("Trimming", "IL2075", Justification = "The framework keeps the public properties of the payloads it writes.")]
        private static object? Read(object payload, string property)
        {
            return payload.GetType().GetProperty(property)?.GetValue(payload);
        }
    }
}
