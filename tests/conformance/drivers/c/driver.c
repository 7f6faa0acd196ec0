/* Plays conformance vectors through polyspan.h: a step a line, an answer a line (see ../../README.md). */
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "polyspan.h"

enum { MOST = 4096, ROOM = 262144 };

/* A span that was started, or a context that was extracted (then `span` is 0). Number 0 is none. */
typedef struct known {
    uint64_t span;
    polyspan_context context;
    uint8_t state[600];
    polyspan_buffer tracestate;
} known;

static known things[MOST];
static json_t *answer;

/* The texts of the line; after the last one without any data. */
static polyspan_bytes words[MOST];

/* Attributes for the next step that takes some, and where each begins. Their texts live as long as the program. */
static polyspan_node nodes[MOST];
static size_t begins[MOST], node_count, value_count;

static uint64_t number(size_t place) {
    return words[place].len == 0 ? 0 : strtoull((const char *)words[place].data, NULL, 10);
}

/* The texts from the third on, each with its zero byte, `empty` more after each pair. */
static polyspan_bytes pairs(int empty) {
    static char data[ROOM];
    char *end = data;
    for (int i = 2; words[i].data != NULL; i++) {
        end += sprintf(end, "%s", (const char *)words[i].data) + 1;
        if (empty && i % 2 == 1) *end++ = 0;
    }
    return (polyspan_bytes){(const uint8_t *)data, (size_t)(end - data)};
}

static polyspan_bytes bytes(const char *numbers) {
    uint8_t *data = malloc(strlen(numbers) + 1), *end = data;
    for (char *at = (char *)numbers; *at != 0;) *end++ = (uint8_t)strtoul(at, &at, 10);
    return (polyspan_bytes){data, (size_t)(end - data)};
}

static void reply(const void *data, size_t length) {
    json_array_append_new(answer, json_stringn(data, length));
}

/* Answers texts that end with a zero byte, but not the third of each `group`. */
static void reply_list(polyspan_buffer list, int group) {
    const char *at = (const char *)list.data, *end = at + list.len;
    for (int i = 0; at < end; i++, at += strlen(at) + 1)
        if (i % group != 2) reply(at, strlen(at));
}

static void reply_context(known *thing) {
    char digits[64];
    /* Asked for while the span is live, and kept. */
    if (thing->span != 0) polyspan_span_context(thing->span, &thing->context);
    if (thing->span != 0) polyspan_span_tracestate(thing->span, &thing->tracestate);
    for (int i = 0; i < 16; i++) sprintf(&digits[2 * i], "%02x", thing->context.trace_id[i]);
    for (int i = 0; i < 8; i++) sprintf(&digits[32 + 2 * i], "%02x", thing->context.span_id[i]);
    reply(digits, 32);
    reply(&digits[32], 16);
    reply(digits, (size_t)sprintf(digits, "%d", thing->context.flags));
    reply(thing->state, thing->tracestate.len);
}

/* Adds a value; a list or map goes before the last values, which are its parts. */
static void add(const char *kind, const char *text) {
    static const char *const kinds[] = {"empty", "bool", "int", "double", "string", "", "bytes", "array", "map"};
    polyspan_node node = {.key = words[1], .text = words[3], .real = strtod(text, NULL)};
    while (strcmp(kinds[node.kind], kind) != 0) node.kind++;
    node.integer = node.kind == POLYSPAN_BOOL ? strcmp(text, "true") == 0 : strtoll(text, NULL, 10);
    if (node.kind == POLYSPAN_BYTES) node.text = bytes(text);
    if (node.kind >= POLYSPAN_ARRAY) node.children = (uint32_t)number(3);
    value_count -= node.children;
    const size_t at = node.children > 0 ? begins[value_count] : node_count;
    memmove(&nodes[at + 1], &nodes[at], (node_count++ - at) * sizeof node);
    nodes[at] = node;
    begins[value_count++] = at;
}

static int is(const char *verb) {
    return strcmp((const char *)words[0].data, verb) == 0;
}

static void play(known *own, const known *to, polyspan_error *error) {
    static uint64_t config, provider, tracer;
    static uint8_t room[ROOM];
    const polyspan_bytes *w = words, none = {NULL, 0}, state = {to->state, to->tracestate.len};
    polyspan_buffer out = {room, sizeof room, 0};
    if (is("option") && config == 0) polyspan_config_new(&config, error);
    if (is("option")) polyspan_config_set(config, w[1], w[3], error);
    if (is("init")) polyspan_provider_new(config, 0, &provider, error);
    if (is("init")) config = 0;
    if (is("tracer")) polyspan_tracer_new(provider, w[1], w[2], w[3], &tracer, NULL, error);
    if (is("value")) add((const char *)w[2].data, (const char *)w[3].data);
    if (is("start"))
        polyspan_span_start(tracer, w[3], (uint32_t)number(4), things[number(5)].span, &to->context, state, number(6),
                            &own->span, error);
    if (is("set_string")) polyspan_span_set_string(own->span, nodes->key, nodes->text);
    if (is("set_int")) polyspan_span_set_int(own->span, nodes->key, nodes->integer);
    if (is("set_double")) polyspan_span_set_double(own->span, nodes->key, nodes->real);
    if (is("set_bool")) polyspan_span_set_bool(own->span, nodes->key, (int32_t)nodes->integer);
    if (is("set_bytes")) polyspan_span_set_bytes(own->span, nodes->key, nodes->text);
    if (is("set")) polyspan_span_set_value(own->span, nodes->key, nodes, node_count);
    if (is("event")) polyspan_span_add_event(own->span, w[2], nodes, node_count, number(3));
    if (is("link")) polyspan_span_add_link(own->span, &to->context, state, nodes, node_count);
    if (is("exception")) polyspan_span_record_exception(own->span, w[2], w[3], w[4], nodes, node_count, number(5));
    if (is("status")) polyspan_span_set_status(own->span, (uint32_t)number(2), w[3]);
    if (is("rename")) polyspan_span_set_name(own->span, w[2]);
    if (is("end")) polyspan_span_end(own->span, number(2));
    if (is("context")) reply_context(own);
    if (is("extract")) polyspan_propagation_extract(provider, pairs(0), &own->context, &own->tracestate, &out);
    if (is("inject")) polyspan_propagation_inject(provider, own->span, NULL, none, pairs(1), &out);
    reply_list(out, is("extract") ? 3 : 2);
    if (is("shutdown")) polyspan_provider_shutdown(provider, 5000, error);
    if (!is("value")) node_count = value_count = 0;
}

int main(void) {
    static char line[ROOM];
    json_error_t problem;
    for (int i = 0; i < MOST; i++) {
        things[i].context.size = sizeof things[i].context;
        things[i].tracestate = (polyspan_buffer){things[i].state, sizeof things[i].state, 0};
    }
    while (fgets(line, sizeof line, stdin) != NULL) {
        polyspan_error error = POLYSPAN_INIT(polyspan_error);
        const json_t *step = json_loads(line, JSON_ALLOW_NUL, &problem);
        answer = json_pack("[s]", "ok");
        for (size_t i = 0; i == 0 || words[i - 1].data != NULL; i++) {
            words[i].data = (const uint8_t *)json_string_value(json_array_get(step, i));
            words[i].len = json_string_length(json_array_get(step, i));
        }
        if (step != NULL) play(&things[number(1) % MOST], &things[number(2) % MOST], &error);
        if (step == NULL) answer = json_pack("[ss]", "unsupported", problem.text);
        if (error.code != 0) answer = json_pack("[ss]", "unsupported", (const char *)error.text);
        json_dumpf(answer, stdout, 0);
        puts("");
        fflush(stdout);
    }
    return 0;
}
