/* Calls every function of polyspan.h and exports to the receiver whose address is the first argument.
 * run.py asks the receiver what arrived. */
#include "batch.h"
#include "check.h"
#include "common.h"

static uint64_t provider, tracer;
static uint32_t tracer_index;
static polyspan_context root_context;

static polyspan_node node(uint32_t kind, const char *key) {
    polyspan_node result;
    memset(&result, 0, sizeof result);
    result.kind = kind;
    result.key = TEXT(key);
    return result;
}

static void the_versions_agree(void) { CHECK(polyspan_abi_version() == POLYSPAN_ABI_VERSION); }

static void an_option_that_is_wrong_is_explained(void) {
    polyspan_error err = POLYSPAN_INIT(polyspan_error);
    uint64_t config = 0;
    STATUS(POLYSPAN_OK, polyspan_config_new(&config, &err));
    STATUS(POLYSPAN_E_CONFIG, polyspan_config_set(config, TEXT("sampler_arg"), TEXT("2"), &err));
    CHECK(err.code == POLYSPAN_E_CONFIG && err.len == strlen((const char *)err.text));
    CHECK(strstr((const char *)err.text, "sampler_arg") != NULL);
    CHECK(strstr((const char *)err.text, "\"2\"") != NULL);
    CHECK(strstr((const char *)err.text, "from 0 to 1") != NULL);
    STATUS(POLYSPAN_E_CONFIG, polyspan_config_set(config, TEXT("servicename_"), NONE, NULL));
    STATUS(POLYSPAN_OK, polyspan_config_free(config));
    STATUS(POLYSPAN_E_HANDLE, polyspan_config_free(config));
    STATUS(POLYSPAN_E_HANDLE, polyspan_config_set(config, TEXT("a"), TEXT("b"), &err));
}

static void the_policy_can_be_read(void) {
    char memory[4096];
    polyspan_buffer out = {(uint8_t *)memory, sizeof memory, 0};
    polyspan_limits limits = POLYSPAN_INIT(polyspan_limits);
    STATUS(POLYSPAN_OK, polyspan_provider_fingerprint(provider, &out));
    CHECK(out.len == 32 && memory[0] == 'r' && memory[1] == ':');
    STATUS(POLYSPAN_OK, polyspan_provider_describe(provider, &out));
    CHECK(out.len > 32);
    STATUS(POLYSPAN_OK, polyspan_provider_limits(provider, &limits));
    CHECK(limits.attribute_count == 128 && limits.value_length == UINT32_MAX);
    CHECK((limits.mask & 1) == 1 && limits.policy_epoch > 0);
}

static void a_tracer_is_the_same_for_the_same_scope(void) {
    uint64_t again = 0;
    uint32_t index = 0;
    STATUS(POLYSPAN_OK, polyspan_tracer_new(provider, TEXT("tests/c"), TEXT("1.0"), NONE, &again,
                                            &index, NULL));
    CHECK(again == tracer && index == tracer_index);
    STATUS(POLYSPAN_OK, polyspan_tracer_new(provider, TEXT("tests/c"), TEXT("2.0"),
                                            TEXT("https://example.com/schema"), &again, &index, NULL));
    CHECK(again != tracer && index != tracer_index);
}

static void a_span_takes_all_it_can_hold(void) {
    polyspan_context context = POLYSPAN_INIT(polyspan_context);
    polyspan_context link = POLYSPAN_INIT(polyspan_context);
    polyspan_node nodes[4];
    polyspan_buffer nothing = {NULL, 0, 9};
    const uint64_t root = start(tracer, "to be renamed", 0);
    uint64_t child = 0;
    int32_t recording = 0;
    STATUS(POLYSPAN_OK, polyspan_span_is_recording(root, &recording));
    CHECK(recording == 1);
    STATUS(POLYSPAN_OK, polyspan_span_context(root, &root_context));
    CHECK(root_context.flags == 3 && root_context.remote == 0);
    STATUS(POLYSPAN_OK, polyspan_span_tracestate(root, &nothing));
    CHECK(nothing.len == 0);
    print_trace_id("trace", &root_context);

    STATUS(POLYSPAN_OK, polyspan_span_set_name(root, TEXT("root")));
    STATUS(POLYSPAN_OK, polyspan_span_set_string(root, TEXT("string"), TEXT("first")));
    STATUS(POLYSPAN_OK, polyspan_span_set_string(root, TEXT("string"), TEXT("grün")));
    STATUS(POLYSPAN_OK, polyspan_span_set_int(root, TEXT("int"), INT64_MIN));
    STATUS(POLYSPAN_OK, polyspan_span_set_double(root, TEXT("double"), 0.5));
    STATUS(POLYSPAN_OK, polyspan_span_set_bool(root, TEXT("bool"), 7));
    STATUS(POLYSPAN_OK, polyspan_span_set_bytes(root, TEXT("bytes"), TEXT("\xff\x01")));
    nodes[0] = node(POLYSPAN_MAP, NULL);
    nodes[0].children = 2;
    nodes[1] = node(POLYSPAN_ARRAY, "list");
    nodes[1].children = 1;
    nodes[2] = node(POLYSPAN_INT, "number");
    nodes[2].integer = 42;
    nodes[3] = node(POLYSPAN_STRING, "text");
    nodes[3].text = TEXT("deep");
    STATUS(POLYSPAN_OK, polyspan_span_set_value(root, TEXT("tree"), nodes, 4));
    STATUS(POLYSPAN_OK, polyspan_span_add_event(root, TEXT("event"), nodes + 2, 2, 0));
    STATUS(POLYSPAN_OK, polyspan_span_add_event(root, TEXT("timed"), NULL, 0, 1700000000000000001));
    STATUS(POLYSPAN_OK, polyspan_id_generate(provider, link.trace_id, link.span_id));
    STATUS(POLYSPAN_OK, polyspan_span_add_link(root, &link, TEXT("a=1"), nodes + 3, 1));
    STATUS(POLYSPAN_OK, polyspan_span_record_exception(root, TEXT("Broken"), TEXT("it broke"), NONE, NULL, 0, 0));
    STATUS(POLYSPAN_OK, polyspan_span_set_status(root, POLYSPAN_STATUS_ERROR, TEXT("on purpose")));

    STATUS(POLYSPAN_OK, polyspan_span_start(tracer, TEXT("child"), POLYSPAN_KIND_CLIENT, root, NULL,
                                            NONE, 0, &child, NULL));
    STATUS(POLYSPAN_OK, polyspan_span_context(child, &context));
    CHECK(memcmp(context.trace_id, root_context.trace_id, 16) == 0);
    CHECK(memcmp(context.span_id, root_context.span_id, 8) != 0);
    STATUS(POLYSPAN_OK, polyspan_span_set_status(child, POLYSPAN_STATUS_OK, NONE));
    STATUS(POLYSPAN_OK, polyspan_span_end(child, 0));
    STATUS(POLYSPAN_OK, polyspan_span_end(root, 0));
}

static void context_and_baggage_travel_in_headers(void) {
    static const char baggage[] = "user.tier\0gold\0\0k\0v w\0p=q";
    static const char names[] = "traceparent\0tracestate\0baggage";
    char headers[512], state_memory[64], baggage_memory[128];
    polyspan_buffer out = {(uint8_t *)headers, sizeof headers, 0};
    polyspan_buffer state = {(uint8_t *)state_memory, sizeof state_memory, 0};
    polyspan_buffer entries = {(uint8_t *)baggage_memory, sizeof baggage_memory, 0};
    const polyspan_bytes baggage_bytes = {(const uint8_t *)baggage, sizeof baggage};
    polyspan_context context = POLYSPAN_INIT(polyspan_context);
    polyspan_bytes block;
    uint64_t server = 0;
    int32_t copied = -1;
    STATUS(POLYSPAN_OK, polyspan_propagation_fields(provider, &out));
    CHECK(out.len == sizeof names && memcmp(headers, names, out.len) == 0);
    STATUS(POLYSPAN_OK, polyspan_propagation_headers(provider, &out));
    CHECK(out.len == sizeof names && memcmp(headers, names, out.len) == 0);

    STATUS(POLYSPAN_OK, polyspan_propagation_inject(provider, 0, &root_context, TEXT("v=1"),
                                                    baggage_bytes, &out));
    CHECK(strcmp(headers, "traceparent") == 0 && strlen(headers + 12) == 55);
    block.data = out.data;
    block.len = out.len;
    STATUS(POLYSPAN_OK, polyspan_propagation_extract(provider, block, &context, &state, &entries));
    CHECK(memcmp(context.trace_id, root_context.trace_id, 16) == 0);
    CHECK(context.remote == 1 && context.flags == 3);
    CHECK(state.len == 3 && memcmp(state_memory, "v=1", 3) == 0);
    CHECK(entries.len == sizeof baggage && memcmp(baggage_memory, baggage, entries.len) == 0);

    STATUS(POLYSPAN_OK, polyspan_span_start(tracer, TEXT("server"), POLYSPAN_KIND_SERVER, 0, &context,
                                            TEXT("v=1"), 1700000000000000000, &server, NULL));
    STATUS(POLYSPAN_OK, polyspan_span_tracestate(server, &state));
    CHECK(state.len == 3);
    STATUS(POLYSPAN_OK, polyspan_propagation_copies(provider, TEXT("user.tier"), &copied));
    CHECK(copied == 1);
    STATUS(POLYSPAN_OK, polyspan_propagation_copies(provider, TEXT("k"), &copied));
    CHECK(copied == 0);
    STATUS(POLYSPAN_OK, polyspan_span_copy_baggage(server, baggage_bytes));
    STATUS(POLYSPAN_OK, polyspan_propagation_to_environment(provider, server, NULL, NONE, NONE, &out));
    CHECK(strcmp(headers, "TRACEPARENT") == 0);
    STATUS(POLYSPAN_OK, polyspan_span_end(server, 1700000000500000000));
}

static void the_process_reads_its_parent_from_the_environment(void) {
    polyspan_context context = POLYSPAN_INIT(polyspan_context);
    /* run.py sets TRACEPARENT=00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01. */
    STATUS(POLYSPAN_OK, polyspan_propagation_from_environment(provider, &context, NULL, NULL));
    CHECK(context.trace_id[0] == 0x0a && context.span_id[7] == 0x31 && context.flags == 1);
}

static void the_sampler_answers(void) {
    polyspan_decision decision = POLYSPAN_INIT(polyspan_decision);
    polyspan_context unsampled = root_context;
    uint8_t trace_id[16];
    STATUS(POLYSPAN_OK, polyspan_id_generate(provider, trace_id, NULL));
    STATUS(POLYSPAN_OK, polyspan_sampler_decide(provider, NULL, NONE, trace_id, TEXT("n"),
                                                POLYSPAN_KIND_SERVER, &decision));
    CHECK(decision.verdict == 2 && decision.flags == 3);
    CHECK(memcmp(decision.trace_id, trace_id, 16) == 0);
    STATUS(POLYSPAN_OK, polyspan_sampler_decide(provider, NULL, NONE, NULL, NONE, 0, &decision));
    CHECK(memcmp(decision.trace_id, trace_id, 16) != 0);
    unsampled.flags = 2;
    STATUS(POLYSPAN_OK, polyspan_sampler_decide(provider, &unsampled, NONE, NULL, NONE, 0, &decision));
    CHECK(decision.verdict == 0 && decision.flags == 2);
    CHECK(memcmp(decision.trace_id, root_context.trace_id, 16) == 0);
}

static void a_host_that_keeps_its_spans_submits_a_batch(void) {
    uint64_t slots[BATCH_SLOTS];
    polyspan_counts counts = POLYSPAN_INIT(polyspan_counts);
    polyspan_context context = root_context;
    uint32_t accepted = 0;
    STATUS(POLYSPAN_OK, polyspan_id_generate(provider, NULL, context.span_id));
    counts.started = counts.ended = 3;
    counts.sampled_out = 1;
    counts.dropped_queue_full = 1;
    STATUS(POLYSPAN_OK, polyspan_provider_count(provider, &counts));
    write_batch(slots, &context, tracer_index, 9, 1);
    STATUS(POLYSPAN_OK, polyspan_batch_submit(provider, slots, BATCH_SLOTS,
                                              (const uint8_t *)"submitted", 9, &accepted, NULL));
    CHECK(accepted == 1);
}

static void a_counter_counts(void) {
    uint64_t counter = 0, again = 0;
    polyspan_node method;
    STATUS(POLYSPAN_OK, polyspan_counter_new(provider, TEXT("tests/c"), NONE, TEXT("requests"),
                                             TEXT("{request}"), NONE, &counter, NULL));
    STATUS(POLYSPAN_OK, polyspan_counter_new(provider, TEXT("tests/c"), NONE, TEXT("requests"),
                                             TEXT("{request}"), NONE, &again, NULL));
    CHECK(counter != 0 && counter == again);
    method = node(POLYSPAN_STRING, "method");
    method.text = TEXT("GET");
    STATUS(POLYSPAN_OK, polyspan_counter_add_int(counter, 2, &method, 1));
    STATUS(POLYSPAN_OK, polyspan_counter_add_int(counter, 3, &method, 1));
    STATUS(POLYSPAN_E_HANDLE, polyspan_counter_add_int(tracer, 1, NULL, 0));
    STATUS(POLYSPAN_E_HANDLE, polyspan_counter_add_double(counter + 1, 0.5, NULL, 0));
}

static void everything_arrives_and_is_accounted_for(void) {
    char memory[2048];
    polyspan_error err = POLYSPAN_INIT(polyspan_error);
    polyspan_buffer out = {(uint8_t *)memory, sizeof memory - 1, 0};
    polyspan_stats stats;
    uint32_t reaped = 9;
    const int32_t status = polyspan_provider_flush(provider, 10000, &err);
    if (status != POLYSPAN_OK) printf("  %s\n", (const char *)err.text);
    STATUS(POLYSPAN_OK, status);
    STATUS(POLYSPAN_OK, polyspan_provider_diagnostics(provider, &out));
    CHECK(out.len == 0);
    stats = read_stats(provider);
    CHECK(stats.started == 6 && stats.live == 0 && stats.delivered == 4);
    CHECK(stats.sampled_out == 1 && stats.dropped_queue_full == 1 && is_balanced(&stats));
    STATUS(POLYSPAN_OK, polyspan_provider_stats_json(provider, &out));
    memory[out.len] = 0;
    CHECK(strncmp(memory, "{\"started\":6,", 13) == 0);
    printf("stats %s\n", memory);
    STATUS(POLYSPAN_OK, polyspan_provider_reap(1, &reaped));
    CHECK(reaped == 0);
    STATUS(POLYSPAN_OK, polyspan_provider_shutdown(provider, 5000, &err));
}

static void what_comes_after_shutdown_is_counted_as_dropped(void) {
    uint64_t slots[BATCH_SLOTS];
    uint32_t accepted = 9;
    polyspan_counts counts = POLYSPAN_INIT(polyspan_counts);
    polyspan_stats stats;
    counts.started = counts.ended = 1;
    write_batch(slots, &root_context, tracer_index, 0, 1);
    STATUS(POLYSPAN_OK, polyspan_provider_count(provider, &counts));
    STATUS(POLYSPAN_E_SHUTDOWN,
           polyspan_batch_submit(provider, slots, BATCH_SLOTS, NULL, 0, &accepted, NULL));
    STATUS(POLYSPAN_OK, polyspan_span_end(start(tracer, "late", 0), 0));
    stats = read_stats(provider);
    CHECK(accepted == 0 && stats.dropped_shutdown >= 1 && is_balanced(&stats));
}

int main(int argc, char **argv) {
    polyspan_error err = POLYSPAN_INIT(polyspan_error);
    if (argc != 2) {
        fprintf(stderr, "usage: smoke <endpoint>\n");
        return 2;
    }
    root_context.size = sizeof root_context;
    provider = new_provider("smoke-c", argv[1]);
    require(polyspan_tracer_new(provider, TEXT("tests/c"), TEXT("1.0"), NONE, &tracer, &tracer_index,
                                &err),
            "tracer", &err);
    RUN(the_versions_agree);
    RUN(an_option_that_is_wrong_is_explained);
    RUN(the_policy_can_be_read);
    RUN(a_tracer_is_the_same_for_the_same_scope);
    RUN(a_span_takes_all_it_can_hold);
    RUN(context_and_baggage_travel_in_headers);
    RUN(the_process_reads_its_parent_from_the_environment);
    RUN(the_sampler_answers);
    RUN(a_host_that_keeps_its_spans_submits_a_batch);
    RUN(a_counter_counts);
    RUN(everything_arrives_and_is_accounted_for);
    RUN(what_comes_after_shutdown_is_counted_as_dropped);
    return report_tests();
}
