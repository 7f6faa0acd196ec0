/* What a careless or hostile caller can pass: every answer is a status, and the process goes on. */
#define _POSIX_C_SOURCE 200809L
#include "batch.h"
#include "check.h"
#include "common.h"

static uint64_t provider, tracer;
static const char *endpoint;

static void null_where_memory_must_be(void) {
    const uint64_t span = start(tracer, "s", 0);
    const polyspan_bytes null_with_length = {NULL, 3};
    STATUS(POLYSPAN_E_NULL, polyspan_config_new(NULL, NULL));
    STATUS(POLYSPAN_E_NULL, polyspan_provider_new(1, 0, NULL, NULL));
    STATUS(POLYSPAN_E_NULL, polyspan_tracer_new(provider, NONE, NONE, NONE, NULL, NULL, NULL));
    STATUS(POLYSPAN_E_NULL, polyspan_span_start(tracer, NONE, 1, 0, NULL, NONE, 0, NULL, NULL));
    STATUS(POLYSPAN_E_NULL, polyspan_span_context(span, NULL));
    STATUS(POLYSPAN_E_NULL, polyspan_span_tracestate(span, NULL));
    STATUS(POLYSPAN_E_NULL, polyspan_span_is_recording(span, NULL));
    STATUS(POLYSPAN_E_NULL, polyspan_span_set_string(span, null_with_length, NONE));
    STATUS(POLYSPAN_E_NULL, polyspan_span_set_value(span, TEXT("k"), NULL, 2));
    STATUS(POLYSPAN_E_NULL, polyspan_span_add_event(span, TEXT("e"), NULL, 2, 0));
    STATUS(POLYSPAN_E_NULL, polyspan_span_add_link(span, NULL, NONE, NULL, 0));
    STATUS(POLYSPAN_E_NULL, polyspan_provider_stats(provider, NULL));
    STATUS(POLYSPAN_E_NULL, polyspan_provider_stats_json(provider, NULL));
    STATUS(POLYSPAN_E_NULL, polyspan_provider_limits(provider, NULL));
    STATUS(POLYSPAN_E_NULL, polyspan_provider_count(provider, NULL));
    STATUS(POLYSPAN_E_NULL, polyspan_provider_describe(provider, NULL));
    STATUS(POLYSPAN_E_NULL, polyspan_sampler_decide(provider, NULL, NONE, NULL, NONE, 0, NULL));
    STATUS(POLYSPAN_E_NULL, polyspan_batch_submit(provider, NULL, 9, NULL, 0, NULL, NULL));
    STATUS(POLYSPAN_E_NULL, polyspan_propagation_extract(provider, NONE, NULL, NULL, NULL));
    STATUS(POLYSPAN_OK, polyspan_id_generate(provider, NULL, NULL));
    STATUS(POLYSPAN_OK, polyspan_span_set_string(span, NONE, NONE));
    STATUS(POLYSPAN_OK, polyspan_span_end(span, 0));
}

static void text_that_is_not_utf8(void) {
    static const uint8_t cut[] = {'a', 0xc3};
    const polyspan_bytes bad = {cut, sizeof cut};
    const uint64_t span = start(tracer, "s", 0);
    polyspan_error err = POLYSPAN_INIT(polyspan_error);
    uint64_t out = 5;
    STATUS(POLYSPAN_E_UTF8, polyspan_span_set_string(span, TEXT("k"), bad));
    STATUS(POLYSPAN_E_UTF8, polyspan_span_set_string(span, bad, TEXT("v")));
    STATUS(POLYSPAN_E_UTF8, polyspan_span_set_name(span, bad));
    STATUS(POLYSPAN_OK, polyspan_span_set_bytes(span, TEXT("k"), bad));
    STATUS(POLYSPAN_E_UTF8, polyspan_span_start(tracer, bad, 1, 0, NULL, NONE, 0, &out, &err));
    CHECK(out == 0 && strcmp((const char *)err.text, "name is not UTF-8 from byte 1 on; it must be") == 0);
    STATUS(POLYSPAN_OK, polyspan_span_end(span, 0));
}

static void a_length_that_cannot_be(void) {
    const uint64_t span = start(tracer, "s", 0);
    const polyspan_bytes huge = {(const uint8_t *)"x", SIZE_MAX};
    static const uint64_t slots[2] = {0, 0};
    STATUS(POLYSPAN_E_ARGUMENT, polyspan_span_set_string(span, TEXT("k"), huge));
    STATUS(POLYSPAN_E_ARGUMENT,
           polyspan_batch_submit(provider, slots, SIZE_MAX / 4, NULL, 0, NULL, NULL));
    STATUS(POLYSPAN_E_ARGUMENT, polyspan_batch_submit(provider, (const uint64_t *)(const void *)
                                                      ((const char *)slots + 1), 1, NULL, 0, NULL, NULL));
    STATUS(POLYSPAN_OK, polyspan_span_end(span, 0));
}

static void a_size_that_was_not_set(void) {
    polyspan_stats stats;
    polyspan_context context;
    polyspan_error err;
    uint64_t out = 0;
    const uint64_t span = start(tracer, "s", 0);
    memset(&stats, 0, sizeof stats);
    memset(&context, 0xff, sizeof context);
    memset(&err, 0, sizeof err);
    STATUS(POLYSPAN_E_SIZE, polyspan_provider_stats(provider, &stats));
    STATUS(POLYSPAN_E_SIZE, polyspan_span_context(span, &context));
    STATUS(POLYSPAN_E_SIZE, polyspan_span_add_link(span, &context, NONE, NULL, 0));
    STATUS(POLYSPAN_E_SIZE, polyspan_config_new(&out, &err));
    CHECK(out == 0);
    STATUS(POLYSPAN_OK, polyspan_span_end(span, 0));
}

static void a_caller_of_a_later_version_is_served(void) {
    struct {
        polyspan_stats known;
        uint64_t unknown;
    } later;
    memset(&later, 0, sizeof later);
    later.unknown = 77;
    later.known.size = sizeof later;
    STATUS(POLYSPAN_OK, polyspan_provider_stats(provider, &later.known));
    CHECK(later.known.started > 0 && later.unknown == 77 && later.known.size == sizeof later);
}

static void buffers_that_are_too_small(void) {
    char memory[64];
    polyspan_buffer out = {NULL, 0, 0};
    polyspan_buffer claims = {NULL, 100, 0};
    STATUS(POLYSPAN_E_BUFFER, polyspan_provider_fingerprint(provider, &out));
    CHECK(out.len == 32);
    memset(memory, '.', sizeof memory);
    out.data = (uint8_t *)memory;
    out.capacity = 31;
    STATUS(POLYSPAN_E_BUFFER, polyspan_provider_fingerprint(provider, &out));
    CHECK(memory[0] == '.');
    out.capacity = 32;
    STATUS(POLYSPAN_OK, polyspan_provider_fingerprint(provider, &out));
    CHECK(memory[32] == '.');
    STATUS(POLYSPAN_E_NULL, polyspan_provider_fingerprint(provider, &claims));
}

static void handles_that_are_none(void) {
    const uint64_t span = start(tracer, "s", 0), ended = start(tracer, "ended", 0);
    uint64_t wrong[10], out = 0;
    polyspan_error err = POLYSPAN_INIT(polyspan_error);
    size_t i;
    STATUS(POLYSPAN_OK, polyspan_span_end(ended, 0));
    wrong[0] = 0;
    wrong[1] = 1;
    wrong[2] = UINT64_MAX;
    wrong[3] = ended;
    wrong[4] = provider;
    wrong[5] = tracer;
    wrong[6] = span + 1;
    wrong[7] = span ^ (uint64_t)1 << 30;
    wrong[8] = span | 0xfffff;
    wrong[9] = (uint64_t)4 << 60;
    for (i = 0; i < sizeof wrong / sizeof *wrong; ++i) {
        STATUS(POLYSPAN_E_HANDLE, polyspan_span_end(wrong[i], 0));
        STATUS(POLYSPAN_E_HANDLE, polyspan_span_set_int(wrong[i], TEXT("k"), 1));
        if (wrong[i] != tracer)
            STATUS(POLYSPAN_E_HANDLE,
                   polyspan_span_start(wrong[i], TEXT("n"), 1, 0, NULL, NONE, 0, &out, NULL));
        if (wrong[i] != provider)
            STATUS(POLYSPAN_E_HANDLE, polyspan_provider_flush(wrong[i], 0, NULL));
        STATUS(POLYSPAN_E_HANDLE, polyspan_provider_new(wrong[i], 0, &out, NULL));
    }
    STATUS(POLYSPAN_E_HANDLE,
           polyspan_span_start(tracer, TEXT("n"), 1, ended, NULL, NONE, 0, &out, &err));
    CHECK(out == 0 && strstr((const char *)err.text, "span") != NULL);
    STATUS(POLYSPAN_OK, polyspan_span_end(span, 0));
    STATUS(POLYSPAN_E_HANDLE, polyspan_span_end(span, 0));
}

static void trees_that_do_not_add_up(void) {
    polyspan_node nodes[200];
    const uint64_t span = start(tracer, "s", 0);
    size_t i;
    memset(nodes, 0, sizeof nodes);
    nodes[0].kind = POLYSPAN_ARRAY;
    nodes[0].children = UINT32_MAX;
    STATUS(POLYSPAN_E_ARGUMENT, polyspan_span_set_value(span, TEXT("k"), nodes, 1));
    nodes[0].kind = 99;
    STATUS(POLYSPAN_E_ARGUMENT, polyspan_span_add_event(span, TEXT("e"), nodes, 1, 0));
    for (i = 0; i < 200; ++i) {
        nodes[i].kind = POLYSPAN_MAP;
        nodes[i].children = 1;
    }
    STATUS(POLYSPAN_E_ARGUMENT, polyspan_span_set_value(span, TEXT("k"), nodes, 200));
    STATUS(POLYSPAN_E_ARGUMENT, polyspan_span_set_status(span, 3, NONE));
    STATUS(POLYSPAN_OK, polyspan_span_end(span, 0));
}

static void headers_that_say_nothing(void) {
    static const char *const traceparents[] = {
        "",
        "00",
        "00-00000000000000000000000000000000-b7ad6b7169203331-01",
        "00-0af7651916cd43dd8448eb211c80319c-0000000000000000-01",
        "00-0AF7651916CD43DD8448EB211C80319C-b7ad6b7169203331-01",
        "ff-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
        "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01-x",
        "\xff\xfe\xfd",
    };
    const polyspan_bytes no_value = {(const uint8_t *)"a\0b\0c", 6}, open = {(const uint8_t *)"a", 1};
    polyspan_context context = POLYSPAN_INIT(polyspan_context);
    char block[128];
    polyspan_buffer out = {(uint8_t *)block, sizeof block, 0};
    size_t i;
    for (i = 0; i < sizeof traceparents / sizeof *traceparents; ++i) {
        polyspan_bytes headers;
        int length = snprintf(block, sizeof block, "TraceParent%c%s", 0, traceparents[i]);
        headers.data = (const uint8_t *)block;
        headers.len = (size_t)length + 1;
        context.trace_id[0] = 1;
        STATUS(POLYSPAN_OK, polyspan_propagation_extract(provider, headers, &context, NULL, NULL));
        CHECK(context.trace_id[0] == 0);
    }
    STATUS(POLYSPAN_E_ARGUMENT, polyspan_propagation_extract(provider, no_value, &context, NULL, NULL));
    STATUS(POLYSPAN_E_ARGUMENT, polyspan_propagation_extract(provider, open, &context, NULL, NULL));
    STATUS(POLYSPAN_E_ARGUMENT, polyspan_propagation_inject(provider, 0, NULL, NONE, open, &out));
    STATUS(POLYSPAN_OK, polyspan_propagation_inject(provider, 0, NULL, NONE, NONE, &out));
    CHECK(out.len == 0);
}

/* The reference batch with one slot replaced, one after the other, by hostile numbers; then cut at every length. */
static void malformed_batches(void) {
    static const uint64_t hostile[] = {0, 1, UINT32_MAX, (uint64_t)1 << 32, UINT64_MAX, 0x7fffffff7fffffff};
    polyspan_context context = POLYSPAN_INIT(polyspan_context);
    polyspan_error err = POLYSPAN_INIT(polyspan_error);
    polyspan_counts counts = POLYSPAN_INIT(polyspan_counts);
    polyspan_stats stats;
    uint64_t good[BATCH_SLOTS], bad[BATCH_SLOTS];
    size_t slot, i;
    uint32_t accepted = 0;
    STATUS(POLYSPAN_OK, polyspan_id_generate(provider, context.trace_id, context.span_id));
    write_batch(good, &context, 0, 4, 1);
    for (slot = 0; slot < BATCH_SLOTS; ++slot) {
        for (i = 0; i < sizeof hostile / sizeof *hostile; ++i) {
            int32_t status;
            memcpy(bad, good, sizeof bad);
            bad[slot] = hostile[i];
            accepted = 0;
            status = polyspan_batch_submit(provider, bad, BATCH_SLOTS, (const uint8_t *)"name", 4,
                                           &accepted, &err);
            CHECK(status == POLYSPAN_OK || status == POLYSPAN_E_ARGUMENT);
            CHECK((err.len > 0) == (status != POLYSPAN_OK));
            counts.started += accepted;
            counts.ended += accepted;
        }
    }
    for (slot = 0; slot < BATCH_SLOTS; ++slot) {
        accepted = 0;
        (void)polyspan_batch_submit(provider, good, slot, NULL, 0, &accepted, NULL);
        counts.started += accepted;
        counts.ended += accepted;
    }
    STATUS(POLYSPAN_OK, polyspan_provider_count(provider, &counts));
    STATUS(POLYSPAN_OK, polyspan_provider_flush(provider, 5000, NULL));
    stats = read_stats(provider);
    CHECK(stats.dropped_invalid > 0 && stats.live == 0);
}

static void a_wrong_variable_is_told_once_and_ignored(void) {
    char text[4096];
    polyspan_buffer out = {(uint8_t *)text, sizeof text - 1, 0};
    uint64_t other;
    setenv("OTEL_TRACES_SAMPLER", "sometimes", 1);
    other = new_provider("wrong-variable", endpoint);
    unsetenv("OTEL_TRACES_SAMPLER");
    STATUS(POLYSPAN_OK, polyspan_provider_diagnostics(other, &out));
    text[out.len] = 0;
    CHECK(strstr(text, "OTEL_TRACES_SAMPLER is \"sometimes\"") != NULL);
    STATUS(POLYSPAN_OK, polyspan_provider_diagnostics(other, &out));
    CHECK(out.len == 0);
    STATUS(POLYSPAN_OK, polyspan_span_end(start(new_tracer(other), "s", 0), 0));
    CHECK(read_stats(other).ended == 1 && read_stats(other).sampled_out == 0);
    (void)polyspan_provider_shutdown(other, 2000, NULL);
}

int main(int argc, char **argv) {
    if (argc != 2) {
        fprintf(stderr, "usage: bad-input <endpoint>\n");
        return 2;
    }
    endpoint = argv[1];
    provider = new_provider("bad-input", endpoint);
    tracer = new_tracer(provider);
    RUN(null_where_memory_must_be);
    RUN(text_that_is_not_utf8);
    RUN(a_length_that_cannot_be);
    RUN(a_size_that_was_not_set);
    RUN(a_caller_of_a_later_version_is_served);
    RUN(buffers_that_are_too_small);
    RUN(handles_that_are_none);
    RUN(trees_that_do_not_add_up);
    RUN(headers_that_say_nothing);
    RUN(malformed_batches);
    RUN(a_wrong_variable_is_told_once_and_ignored);
    (void)polyspan_provider_shutdown(provider, 2000, NULL);
    return report_tests();
}
