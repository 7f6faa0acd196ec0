using System.Collections.Generic;

namespace Polyspan
{
    public sealed partial class PolyspanOptions
    {
        /// <summary>
        /// Names of the <see cref="System.Diagnostics.ActivitySource"/>s to record; <c>*</c> stands for any characters.
        /// Empty means all, except those whose name begins with <c>Experimental.</c>: .NET's own connection and DNS
        /// spans, which are recorded when a pattern names them.
        /// </summary>
        public IList<string> Sources { get; } = new List<string>();

        /// <summary>
        /// Names of the <see cref="System.Diagnostics.Metrics.Meter"/>s whose counters are exported, in the same form.
        /// </summary>
        public IList<string> Meters { get; } = new List<string>();
    }
}
