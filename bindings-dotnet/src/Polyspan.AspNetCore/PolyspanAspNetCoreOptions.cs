using System.Collections.Generic;

namespace Polyspan.AspNetCore
{
    /// <summary>What <c>AddPolyspan</c> can be told: polyspan's own options, and what to put on server spans.</summary>
    public sealed class PolyspanAspNetCoreOptions
    {
        /// <summary>Options of the core, the same in every language.</summary>
        public PolyspanOptions Polyspan { get; } = new PolyspanOptions();

        /// <summary>Name of the service; short for <c>Polyspan.ServiceName</c>.</summary>
        public string? ServiceName
        {
            get => Polyspan.ServiceName;
            set => Polyspan.ServiceName = value;
        }

        /// <summary>Request headers to record as <c>http.request.header.&lt;name&gt;</c>; they are redacted like everything else.</summary>
        public IList<string> CaptureRequestHeaders { get; } = new List<string>();

        /// <summary>Response headers to record as <c>http.response.header.&lt;name&gt;</c>.</summary>
        public IList<string> CaptureResponseHeaders { get; } = new List<string>();

        /// <summary>Whether an exception that ends a request is recorded as an event of the server span.</summary>
        public bool RecordExceptions { get; set; } = true;
    }
}
