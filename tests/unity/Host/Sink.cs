using System;
using System.Collections.Generic;
using System.IO;
using System.Net;
using System.Net.Sockets;
using System.Text;
using System.Threading;

namespace Polyspan.Tests
{
    /// <summary>An OTLP receiver on loopback. Keeps the bodies; <see cref="Otlp"/> reads them.</summary>
    internal sealed class Sink : IDisposable
    {
        private readonly TcpListener listener = new TcpListener(IPAddress.Loopback, 0);
        private readonly List<ReceivedSpan> spans = new List<ReceivedSpan>();

        public Sink()
        {
            listener.Start();
            Endpoint = "http://127.0.0.1:" + ((IPEndPoint)listener.LocalEndpoint).Port;
            Start(Accept);
        }

        public string Endpoint { get; }

        public List<ReceivedSpan> Spans
        {
            get
            {
                lock (spans)
                {
                    return new List<ReceivedSpan>(spans);
                }
            }
        }

        public ReceivedSpan Single(string name)
        {
            List<ReceivedSpan> found = Spans.FindAll(span => span.Name == name);
            Check.Equal(1, found.Count, "spans named " + name);
            return found[0];
        }

        public void Dispose()
        {
            listener.Stop();
        }

        private static void Start(ThreadStart run)
        {
            new Thread(run) { IsBackground = true, Name = "sink" }.Start();
        }

        private void Accept()
        {
            try
            {
                while (true)
                {
                    TcpClient client = listener.AcceptTcpClient();
                    Start(() => Serve(client));
                }
            }
            catch (Exception failure) when (failure is SocketException || failure is ObjectDisposedException || failure is InvalidOperationException)
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
                    NetworkStream stream = client.GetStream();
                    while (true)
                    {
                        string request = ReadLine(stream);
                        if (request.Length == 0)
                        {
                            return;
                        }

                        int length = 0;
                        for (string header = ReadLine(stream); header.Length > 0; header = ReadLine(stream))
                        {
                            if (header.StartsWith("content-length:", StringComparison.OrdinalIgnoreCase))
                            {
                                length = int.Parse(header.Substring("content-length:".Length).Trim());
                            }
                        }

                        var body = new byte[length];
                        for (int at = 0; at < length;)
                        {
                            int read = stream.Read(body, at, length - at);
                            if (read == 0)
                            {
                                return;
                            }

                            at += read;
                        }

                        lock (spans)
                        {
                            spans.AddRange(Otlp.Spans(body));
                        }

                        byte[] answer = Encoding.ASCII.GetBytes("HTTP/1.1 200 OK\r\ncontent-type: application/x-protobuf\r\ncontent-length: 0\r\n\r\n");
                        stream.Write(answer, 0, answer.Length);
                    }
                }
            }
            catch (IOException)
            {
                // The exporter has hung up.
            }
        }

        private static string ReadLine(Stream stream)
        {
            var line = new StringBuilder();
            for (int next = stream.ReadByte(); next >= 0 && next != '\n'; next = stream.ReadByte())
            {
                line.Append((char)next);
            }

            return line.ToString().TrimEnd('\r');
        }
    }
}
