using Xunit;
using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;
using System.Text;

namespace Polyspan.Tests;

/// <summary>
/// An OTLP receiver on loopback, on a bare socket: a web server of .NET would itself be traced and trace its own receipt.
/// </summary>
internal sealed class Sink : IDisposable
{
    private readonly TcpListener listener = new(IPAddress.Loopback, 0);
    private readonly ConcurrentQueue<ReceivedSpan> spans = new();
    private readonly ConcurrentQueue<ReceivedSum> sums = new();

    public Sink()
    {
        listener.Start();
        Endpoint = $"http://127.0.0.1:{((IPEndPoint)listener.LocalEndpoint).Port}";
        new Thread(Accept) { IsBackground = true, Name = "sink" }.Start();
    }

    public string Endpoint { get; }

    /// <summary>The status that requests are answered with.</summary>
    public int Status { get; set; } = 200;

    public IReadOnlyList<ReceivedSpan> Spans => [.. spans];

    public IReadOnlyList<ReceivedSum> Sums => [.. sums];

    public ReceivedSpan Single(string name)
    {
        return Assert.Single(spans, span => span.Name == name);
    }

    public void Dispose()
    {
        listener.Stop();
    }

    private void Accept()
    {
        try
        {
            while (true)
            {
                TcpClient client = listener.AcceptTcpClient();
                new Thread(() => Serve(client)) { IsBackground = true, Name = "sink" }.Start();
            }
        }
        catch (Exception failure) when (failure is SocketException or InvalidOperationException)
        {
            // The listener was stopped.
        }
    }

    private void Serve(TcpClient client)
    {
        try
        {
            using (client)
            {
                using NetworkStream stream = client.GetStream();
                while (ReadLine(stream) is { Length: > 0 } request)
                {
                    int length = 0;
                    while (ReadLine(stream) is { Length: > 0 } header)
                    {
                        if (header.StartsWith("content-length:", StringComparison.OrdinalIgnoreCase))
                        {
                            length = int.Parse(header["content-length:".Length..].Trim());
                        }
                    }

                    var body = new byte[length];
                    stream.ReadExactly(body);
                    if (Status == 200)
                    {
                        Keep(request, body);
                    }

                    stream.Write(Encoding.ASCII.GetBytes($"HTTP/1.1 {Status} x\r\ncontent-type: application/x-protobuf\r\ncontent-length: 0\r\n\r\n"));
                }
            }
        }
        catch (IOException)
        {
            // The exporter has hung up.
        }
    }

    private void Keep(string request, byte[] body)
    {
        if (request.Contains("/v1/traces"))
        {
            OtlpReader.Spans(body).ForEach(spans.Enqueue);
        }
        else if (request.Contains("/v1/metrics"))
        {
            OtlpReader.Sums(body).ForEach(sums.Enqueue);
        }
    }

    private static string? ReadLine(NetworkStream stream)
    {
        var line = new StringBuilder();
        for (int next = stream.ReadByte(); next >= 0; next = stream.ReadByte())
        {
            if (next == '\n')
            {
                return line.ToString().TrimEnd('\r');
            }

            line.Append((char)next);
        }

        return null;
    }
}
