"""A counter, the one instrument that there is."""

from opentelemetry import metrics

import polyspan

polyspan.init(service_name="checkout")

orders = metrics.get_meter(__name__).create_counter("orders", unit="{order}")
orders.add(1, {"country": "de"})
