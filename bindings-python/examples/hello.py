"""A span with a secret in it."""

from opentelemetry import trace

import polyspan

polyspan.init(service_name="checkout")

tracer = trace.get_tracer(__name__)
with tracer.start_as_current_span("charge") as span:
    span.set_attribute("card.number", "4111 1111 1111 1111")  # leaves the process as [REDACTED]
