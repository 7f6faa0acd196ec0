"""Two FastAPI services in one server, and a client: each hop is real HTTP. Run by test_frameworks.py."""

import threading
import time

import httpx
import uvicorn
from fastapi import FastAPI
from opentelemetry import baggage, context, trace
from opentelemetry.instrumentation.fastapi import FastAPIInstrumentor
from opentelemetry.instrumentation.httpx import HTTPXClientInstrumentor

import polyspan

app = FastAPI()
tracer = trace.get_tracer("web")
base = ""


@app.get("/items/{item_id}")
async def item(item_id: int) -> str:
    async with httpx.AsyncClient() as client:
        answer = await client.get(f"{base}/inner/{item_id}")
    return f"hello {answer.json()}"


@app.get("/inner/{item_id}")
def inner(item_id: int) -> int:
    with tracer.start_as_current_span("look up") as span:
        span.set_attribute("baggage.user", str(baggage.get_baggage("user")))
    return item_id


def main() -> None:
    global base
    polyspan.init()
    HTTPXClientInstrumentor().instrument()
    FastAPIInstrumentor.instrument_app(app)
    server = uvicorn.Server(uvicorn.Config(app, host="127.0.0.1", port=0, log_level="warning"))
    thread = threading.Thread(target=server.run)
    thread.start()
    deadline = time.monotonic() + 30
    while not server.started:
        assert time.monotonic() < deadline, "uvicorn does not start"
        time.sleep(0.01)
    port = server.servers[0].sockets[0].getsockname()[1]
    base = f"http://127.0.0.1:{port}"
    context.attach(baggage.set_baggage("user", "ann@example.com"))
    with tracer.start_as_current_span("client"):
        answer = httpx.get(f"{base}/items/7", params={"email": "ann@example.com"})
    print(answer.status_code, answer.json())
    server.should_exit = True
    thread.join()


if __name__ == "__main__":
    main()
