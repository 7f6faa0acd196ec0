#include <string.h>

#include "play.h"

/* Puts texts one after the other, each with its zero byte, `empty` more after each pair. */
static polyspan_bytes join(const json *pairs, int empty, char *out) {
    const json *pair = pairs == NULL ? NULL : pairs->child, *part;
    char *end = out;
    polyspan_bytes result = {(const uint8_t *)out, 0};
    for (; pair != NULL; pair = pair->next) {
        for (part = pair->child; part != NULL; part = part->next, end += strlen(end) + 1) strcpy(end, part->text);
        if (empty) *end++ = 0;
    }
    result.len = (size_t)(end - out);
    return result;
}

/* Writes zero-terminated texts as a list of pairs, passing over `skip` texts after each pair. */
static void show_pairs(const char *name, const polyspan_buffer *list, int skip) {
    const char *at = (const char *)list->data, *end = at + list->len;
    append(results, "\"%s\":[", name);
    while (at < end) {
        append(results, (const uint8_t *)at == list->data ? "[" : ",[");
        append_string(results, at, strlen(at));
        append(results, ",");
        at += strlen(at) + 1;
        append_string(results, at, strlen(at));
        append(results, "]");
        at += strlen(at) + 1;
        if (skip) at += strlen(at) + 1;
    }
    append(results, "]");
}

void extract(const json *step, const char *label) {
    static char headers[ROOM];
    static uint8_t entries[ROOM];
    known *thing = make(label);
    polyspan_buffer tracestate = {thing->state, sizeof thing->state, 0}, baggage = {entries, sizeof entries, 0};
    int valid;
    polyspan_propagation_extract(provider, join(json_get(step, "headers"), 0, headers), &thing->context, &tracestate,
                                 &baggage);
    thing->state_length = tracestate.len;
    append(results, "%s{", *results ? "," : "");
    valid = memcmp(thing->context.span_id, "\0\0\0\0\0\0\0", 8) != 0;
    if (valid) {
        append(results, "\"trace_id\":\"");
        append_hex(results, thing->context.trace_id, 16);
        append(results, "\",\"span_id\":\"");
        append_hex(results, thing->context.span_id, 8);
        append(results, "\",\"flags\":%d", thing->context.flags);
        if (tracestate.len > 0) append(results, ",\"state\":");
        if (tracestate.len > 0) append_string(results, (const char *)thing->state, tracestate.len);
    }
    if (valid && baggage.len > 0) append(results, ",");
    if (baggage.len > 0) show_pairs("baggage", &baggage, 1);
    append(results, "}");
}

void inject(const json *step, uint64_t span) {
    static char entries[ROOM];
    static uint8_t headers[ROOM];
    polyspan_buffer out = {headers, sizeof headers, 0};
    polyspan_propagation_inject(provider, span, NULL, text(NULL), join(json_get(step, "baggage"), 1, entries), &out);
    append(results, "%s{", *results ? "," : "");
    show_pairs("headers", &out, 0);
    append(results, "}");
}
