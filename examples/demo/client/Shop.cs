using System;
using System.Globalization;
using System.Net.Http;
using System.Net.Http.Headers;
using System.Text;
using System.Threading.Tasks;
using Polyspan;
using UnityEngine;

namespace Game
{
    /// <summary>The shop of the game: a script as it would lie in a scene.</summary>
    public sealed class Shop : MonoBehaviour
    {
        private readonly Tracer tracer = PolyspanSdk.GetTracer("game.shop");
        private HttpClient? http;

        /// <summary>Buys an item. The trace that starts here goes on in the gateway and the services behind it.</summary>
        public async Task<string> Buy(Purchase purchase, Uri gateway)
        {
            using (Span span = tracer.StartRoot("buy " + purchase.Item))
            using (span.Activate())
            {
                span.SetAttribute("shop.item", purchase.Item);
                span.SetAttribute("shop.amount", purchase.Amount);
                Baggage.Set("customer.email", purchase.Account);

                var address = new Uri(gateway + "?email=" + Uri.EscapeDataString(purchase.ReceiptTo));
                using (var request = new HttpRequestMessage(HttpMethod.Post, address))
                {
                    request.Content = new StringContent(purchase.ToJson(), Encoding.UTF8, "application/json");
                    request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", purchase.Token);
                    using (HttpResponseMessage response = await Http(gateway).SendAsync(request))
                    {
                        if (!response.IsSuccessStatusCode)
                        {
                            span.SetStatus(StatusCode.Error, "the gateway refused the order");
                        }

                        return ((int)response.StatusCode).ToString(CultureInfo.InvariantCulture);
                    }
                }
            }
        }

        /// <summary>Context headers go to our own gateway and nobody else.</summary>
        private HttpClient Http(Uri gateway)
        {
            return http ??= new HttpClient(new TracingHttpHandler(tracer, new[] { gateway.Host }, new HttpClientHandler { UseProxy = false }));
        }
    }
}
