/*
 * Prints a receipt: `receipt ITEM AMOUNT`.
 *
 * It is started by the worker and continues its trace from TRACEPARENT, TRACESTATE and BAGGAGE, as any program does that a
 * traced one starts. Endpoint and service name come from OTEL_EXPORTER_OTLP_ENDPOINT and OTEL_SERVICE_NAME.
 */
#include "polyspan.h"
#include "report.h"

#include <stdio.h>
#include <stdlib.h>

/* Longest trace state that is passed on (W3C asks for at least 512), and most baggage (W3C: at most 8192 in all). */
enum { TRACESTATE_BYTES = 1024, BAGGAGE_BYTES = 16384, SHUTDOWN_MS = 5000 };

static int fail(const char *what, const polyspan_error *error) {
    fprintf(stderr, "receipt: %s: %.*s\n", what, (int)error->len, (const char *)error->text);
    return EXIT_FAILURE;
}

/* A span that continues the context of the process that started this one. */
static uint64_t start_span(uint64_t provider, uint64_t tracer) {
    uint8_t state[TRACESTATE_BYTES], members[BAGGAGE_BYTES];
    polyspan_buffer tracestate = {state, sizeof state, 0};
    polyspan_buffer baggage = {members, sizeof members, 0};
    polyspan_context parent = POLYSPAN_INIT(polyspan_context);
    uint64_t span = 0;

    polyspan_propagation_from_environment(provider, &parent, &tracestate, &baggage);
    const polyspan_bytes parent_state = {state, tracestate.len};
    polyspan_span_start(tracer, polyspan_text("print receipt"), POLYSPAN_KIND_INTERNAL, 0, &parent, parent_state, 0, &span, NULL);

    /* Baggage is key, value and metadata in turn, each with a zero byte behind it. */
    const char *at = (const char *)members, *end = at + baggage.len;
    while (at < end) {
        const char *key = at, *value = key + strlen(key) + 1;
        if (strcmp(key, "customer.email") == 0) {
            polyspan_span_set_string(span, polyspan_text(key), polyspan_text(value));
        }
        at = value + strlen(value) + 1;
        at += strlen(at) + 1;
    }
    return span;
}

int main(int argc, char **argv) {
    polyspan_error error = POLYSPAN_INIT(polyspan_error);
    uint64_t config = 0, provider = 0, tracer = 0;

    if (argc != 3) {
        fprintf(stderr, "usage: receipt ITEM AMOUNT\n");
        return EXIT_FAILURE;
    }
    if (polyspan_config_new(&config, &error) != POLYSPAN_OK ||
        polyspan_provider_new(config, 0, &provider, &error) != POLYSPAN_OK) {
        return fail("cannot start tracing", &error);
    }
    polyspan_tracer_new(provider, polyspan_text("demo.receipt"), polyspan_text(""), polyspan_text(""), &tracer, NULL, NULL);

    const uint64_t span = start_span(provider, tracer);
    polyspan_span_set_string(span, polyspan_text("receipt.item"), polyspan_text(argv[1]));
    polyspan_span_set_double(span, polyspan_text("receipt.amount"), strtod(argv[2], NULL));
    const int printed = printf("%-24s %10.2f\n", argv[1], strtod(argv[2], NULL));
    polyspan_span_set_int(span, polyspan_text("receipt.bytes"), printed);
    polyspan_span_end(span, 0);

    const int32_t status = polyspan_provider_shutdown(provider, SHUTDOWN_MS, &error);
    print_report(provider);
    return status == POLYSPAN_OK ? EXIT_SUCCESS : fail("not all spans were delivered", &error);
}
