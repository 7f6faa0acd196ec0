using System;
using System.Threading.Tasks;
using Polyspan;
using UnityEngine;

namespace Game
{
    /// <summary>What Unity and the player do in a real game: start, load the scene, press the button, quit.</summary>
    public static class Player
    {
        private static readonly TimeSpan Patience = TimeSpan.FromSeconds(5);

        public static async Task<int> Main()
        {
            // Endpoint and service name come from OTEL_EXPORTER_OTLP_ENDPOINT and OTEL_SERVICE_NAME.
            PolyspanSdk.Init(new PolyspanOptions());
            Shop shop = new GameObject("shop").AddComponent<Shop>();

            string answer = "no gateway";
            if (Environment.GetEnvironmentVariable("DOWNSTREAM_URL") is string gateway)
            {
                answer = await shop.Buy(Typed(), new Uri(gateway));
            }

            Console.WriteLine("client: the gateway answered " + answer);
            bool delivered = PolyspanSdk.Flush(Patience);
            Report.Print();
            return PolyspanSdk.Shutdown(Patience) && delivered ? 0 : 1;
        }

        private static Purchase Typed()
        {
            return new Purchase
            {
                Item = "gift",
                Amount = 9.5,
                Account = Of("PLAYER_ACCOUNT"),
                ReceiptTo = Of("PLAYER_EMAIL"),
                Token = Of("PLAYER_TOKEN"),
                Password = Of("PLAYER_PASSWORD"),
                Card = Of("PLAYER_CARD"),
            };
        }

        private static string Of(string variable)
        {
            return Environment.GetEnvironmentVariable(variable) ?? string.Empty;
        }
    }
}
