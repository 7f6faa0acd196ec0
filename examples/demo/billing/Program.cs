// The billing service: ASP.NET Core with AddPolyspan(). Endpoint and service name come from OTEL_EXPORTER_OTLP_ENDPOINT and
// OTEL_SERVICE_NAME.
using Billing;
using Polyspan;

WebApplicationBuilder builder = WebApplication.CreateBuilder(args);
builder.Services.AddPolyspan();
builder.Services.AddHttpClient();

WebApplication app = builder.Build();
PolyspanSdk polyspan = app.Services.GetRequiredService<PolyspanSdk>();
string? downstream = Environment.GetEnvironmentVariable("DOWNSTREAM_URL");

app.MapPost("/charges", async (Charge charge, HttpRequest request, IHttpClientFactory clients) =>
{
    if (downstream != null)
    {
        using HttpClient client = clients.CreateClient();
        using HttpResponseMessage receipt = await client.PostAsJsonAsync(downstream + request.QueryString, new Receipt(charge.Item, charge.Amount));
        receipt.EnsureSuccessStatusCode();
    }

    // The number does not belong here; messages like this one are how it gets into logs and traces.
    throw new PaymentException($"the bank declined card {charge.Card} over {charge.Amount}");
});

app.MapGet("/health", () => new { instance = Environment.GetEnvironmentVariable("INSTANCE_ID") });

app.Run();
Report.Print(polyspan);

namespace Billing
{
    internal sealed record Charge(string Item, decimal Amount, string Card);

    internal sealed record Receipt(string Item, decimal Amount);

    internal sealed class PaymentException(string message) : Exception(message);
}
