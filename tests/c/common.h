/* What the C programs need before they can test anything. */
#ifndef COMMON_H
#define COMMON_H

#include <polyspan.h>
#include <stdio.h>
#include <stdlib.h>

#define NONE polyspan_text(NULL)
#define TEXT polyspan_text

static inline void require(int32_t status, const char *what, const polyspan_error *err) {
    if (status != POLYSPAN_OK) {
        fprintf(stderr, "%s: status %d: %s\n", what, (int)status, (const char *)err->text);
        exit(2);
    }
}

/* A provider for the service `service`. */
static inline uint64_t new_provider(const char *service, const char *endpoint) {
    polyspan_error err = POLYSPAN_INIT(polyspan_error);
    uint64_t config = 0, provider = 0;
    require(polyspan_config_new(&config, &err), "config", &err);
    require(polyspan_config_set(config, TEXT("service_name"), TEXT(service), &err), "service", &err);
    require(polyspan_config_set(config, TEXT("endpoint"), TEXT(endpoint), &err), "endpoint", &err);
    require(polyspan_config_set(config, TEXT("baggage_attributes"), TEXT("user.*"), &err), "baggage_attributes", &err);
    require(polyspan_provider_new(config, 0, &provider, &err), "provider", &err);
    return provider;
}

static inline uint64_t new_tracer(uint64_t provider) {
    polyspan_error err = POLYSPAN_INIT(polyspan_error);
    uint64_t tracer = 0;
    require(polyspan_tracer_new(provider, TEXT("tests/c"), TEXT("1.0"), NONE, &tracer, NULL, &err),
            "tracer", &err);
    return tracer;
}

/* A root span, or a child of the live span `parent`. */
static inline uint64_t start(uint64_t tracer, const char *name, uint64_t parent) {
    polyspan_error err = POLYSPAN_INIT(polyspan_error);
    uint64_t span = 0;
    require(polyspan_span_start(tracer, TEXT(name), POLYSPAN_KIND_INTERNAL, parent, NULL, NONE, 0,
                                &span, &err),
            name, &err);
    return span;
}

static inline polyspan_stats read_stats(uint64_t provider) {
    polyspan_stats stats = POLYSPAN_INIT(polyspan_stats);
    polyspan_provider_stats(provider, &stats);
    return stats;
}

static inline uint64_t dropped(const polyspan_stats *stats) {
    return stats->dropped_queue_full + stats->dropped_invalid + stats->dropped_rejected +
           stats->dropped_timeout + stats->dropped_shutdown + stats->dropped_host_exit +
           stats->dropped_unconfirmed + stats->dropped_too_large;
}

/* Whether every span is accounted for. */
static inline int is_balanced(const polyspan_stats *stats) {
    return (int64_t)stats->started ==
               stats->live + (int64_t)stats->abandoned + (int64_t)stats->ended &&
           stats->ended == stats->sampled_out + stats->delivered + dropped(stats);
}

static inline void print_trace_id(const char *label, const polyspan_context *context) {
    size_t i;
    printf("%s ", label);
    for (i = 0; i < sizeof context->trace_id; ++i) printf("%02x", context->trace_id[i]);
    printf("\n");
}

#endif
