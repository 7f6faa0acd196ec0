using System.Collections.Generic;
using System.Diagnostics;
using System.Linq;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Primitives;

namespace Polyspan.AspNetCore
{
    /// <summary>A header that the user wants to see on spans, with the attribute's name made once.</summary>
    internal readonly struct CapturedHeader
    {
        private readonly string name;
        private readonly string attribute;

        private CapturedHeader(string prefix, string name)
        {
            this.name = name;
            attribute = prefix + name.ToLowerInvariant();
        }

        public static CapturedHeader[] All(string prefix, IEnumerable<string> names)
        {
            return names.Select(name => new CapturedHeader(prefix, name)).ToArray();
        }

        public static void Record(CapturedHeader[] captured, IHeaderDictionary headers, Activity activity)
        {
            foreach (CapturedHeader header in captured)
            {
                if (headers.TryGetValue(header.name, out StringValues values) && values.Count > 0)
                {
                    activity.SetTag(header.attribute, values.ToArray());
                }
            }
        }
    }
}
