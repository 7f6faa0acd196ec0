var builder = WebApplication.CreateBuilder(args);
builder.Logging.ClearProviders();
builder.WebHost.UseUrls("http://127.0.0.1:0");

builder.Services.AddPolyspan(options =>
{
    options.ServiceName = "checkout";
    options.CaptureRequestHeaders.Add("X-Tenant");
});

await using var app = builder.Build();
app.MapGet("/items/{id}", (int id) => $"item {id}");
await app.StartAsync();

using var client = new HttpClient();
client.DefaultRequestHeaders.Add("X-Tenant", "acme");
await client.GetStringAsync($"{app.Urls.Single()}/items/7");
await app.StopAsync();
