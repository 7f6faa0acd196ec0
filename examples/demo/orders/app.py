"""The order service: FastAPI and httpx with their unmodified OpenTelemetry instrumentations, on polyspan.

Run it with `uvicorn app:app`. Endpoint and service name come from OTEL_EXPORTER_OTLP_ENDPOINT and
OTEL_SERVICE_NAME, the headers that spans show from OTEL_INSTRUMENTATION_HTTP_CAPTURE_HEADERS_SERVER_REQUEST.
"""

import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import httpx
import polyspan
from fastapi import FastAPI, HTTPException, Request
from opentelemetry import trace
from opentelemetry.instrumentation.fastapi import FastAPIInstrumentor
from opentelemetry.instrumentation.httpx import HTTPXClientInstrumentor
from pydantic import BaseModel
from report import print_report

polyspan.init()
HTTPXClientInstrumentor().instrument()

tracer = trace.get_tracer("demo.orders")
downstream = os.environ.get("DOWNSTREAM_URL")


@asynccontextmanager
async def lifespan(service: FastAPI) -> AsyncIterator[None]:
    """Opens what all requests share, and sends the last spans when the service stops."""
    async with httpx.AsyncClient(timeout=30, trust_env=False) as client:
        service.state.client = client
        yield
    polyspan.shutdown()
    print_report()


app = FastAPI(lifespan=lifespan)
FastAPIInstrumentor.instrument_app(app)


class Order(BaseModel):
    """What the gateway passes on."""

    item: str
    amount: float
    card: str


@app.post("/orders")
async def place_order(order: Order, request: Request) -> dict[str, Any]:
    """Takes the money first."""
    with tracer.start_as_current_span("reserve item", attributes={"order.item": order.item}):
        reserved = order.item.upper()
    if downstream is None:
        return {"reserved": reserved}
    client: httpx.AsyncClient = request.app.state.client
    answer = await client.post(downstream, params=request.query_params, json=order.model_dump())
    if answer.is_error:
        raise HTTPException(502, "the order could not be paid")
    return {"reserved": reserved, "paid": order.amount}


@app.get("/health")
async def health() -> dict[str, str]:
    """Tells which instance answers."""
    return {"instance": os.environ.get("INSTANCE_ID", "")}
