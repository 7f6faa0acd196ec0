using System.Collections.Generic;
using System.Diagnostics;
using System.Diagnostics.Metrics;
using Polyspan;

using var polyspan = PolyspanSdk.Init(options => options.ServiceName = "checkout");

using var source = new ActivitySource("checkout");
using (Activity? charge = source.StartActivity("charge"))
{
    charge?.SetTag("card.number", "4111 1111 1111 1111"); // leaves the process as [REDACTED]
}

using var meter = new Meter("checkout");
Counter<long> orders = meter.CreateCounter<long>("orders", "{order}");
orders.Add(1, new KeyValuePair<string, object?>("country", "de"));
