using System.Globalization;

namespace Game
{
    /// <summary>What the player wants to buy, and how he pays.</summary>
    public sealed class Purchase
    {
        public string Item { get; set; } = string.Empty;

        public double Amount { get; set; }

        public string Account { get; set; } = string.Empty;

        public string ReceiptTo { get; set; } = string.Empty;

        public string Token { get; set; } = string.Empty;

        public string Password { get; set; } = string.Empty;

        public string Card { get; set; } = string.Empty;

        public string ToJson()
        {
            return "{\"item\":\"" + Item + "\",\"amount\":" + Amount.ToString(CultureInfo.InvariantCulture)
                + ",\"password\":\"" + Password + "\",\"card\":\"" + Card + "\"}";
        }
    }
}
