#nullable enable

namespace Polyspan
{
    /// <summary>What role a span plays in a call.</summary>
    public enum SpanKind
    {
        /// <summary>Work inside the process.</summary>
        Internal = 1,

        /// <summary>Handles a request.</summary>
        Server = 2,

        /// <summary>Makes a request.</summary>
        Client = 3,

        /// <summary>Sends a message that is handled later.</summary>
        Producer = 4,

        /// <summary>Handles a message.</summary>
        Consumer = 5,
    }

    /// <summary>How the work of a span went.</summary>
    public enum StatusCode
    {
        /// <summary>Nobody said.</summary>
        Unset = 0,

        /// <summary>Well; final.</summary>
        Ok = 1,

        /// <summary>It failed.</summary>
        Error = 2,
    }
}
