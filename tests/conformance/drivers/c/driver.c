/* Plays conformance vectors through polyspan.h: a case a line, an answer a line. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "json.h"
#include "polyspan.h"
#include "values.h"

enum { MOST = 64, ROOM = 65536 };

/* A span that was started, or a context that was extracted (then `span` is 0). */
typedef struct known {
    const char *label;
    uint64_t span;
    polyspan_context context;
    uint8_t state[600];
    size_t state_length;
} known;

static known things[MOST];
static int count;
static uint64_t provider;
static char spans[ROOM], results[4 * ROOM];

static known *find(const json *label) {
    int i = label == NULL ? -1 : count - 1;
    while (i >= 0 && strcmp(things[i].label, label->text) != 0) i--;
    return i < 0 ? NULL : &things[i];
}

static polyspan_bytes state(const known *thing) {
    return thing == NULL ? polyspan_text("") : (polyspan_bytes){thing->state, thing->state_length};
}

static void link_to(uint64_t span, const json *link) {
    const known *to = find(json_get(link, "to"));
    size_t length;
    const polyspan_node *nodes = attributes(json_get(link, "attributes"), &length);
    polyspan_span_add_link(span, &to->context, state(to), nodes, length);
}

static known *make(const char *label) {
    known *thing = &things[count++];
    *thing = (known){.label = label, .context = POLYSPAN_INIT(polyspan_context)};
    return thing;
}

static void start(const json *step, const char *label) {
    static const char *const kinds[] = {"", "internal", "server", "client", "producer", "consumer"};
    const json *scope = json_get(step, "scope"), *link = json_get(step, "links")->child, *pair;
    const known *parent = find(json_get(step, "parent"));
    uint64_t tracer = 0, live = parent == NULL ? 0 : parent->span;
    polyspan_buffer buffer = {NULL, 0, 0};
    uint32_t kind = 5;
    known *thing = make(label);
    polyspan_tracer_new(provider, text(json_get(scope, "name")), text(json_get(scope, "version")),
                        text(json_get(scope, "schema_url")), &tracer, NULL, NULL);
    while (kind > 1 && strcmp(kinds[kind], json_get(step, "kind")->text) != 0) kind--;
    /* A parent that has ended is refused; its context, which was kept, goes on. */
    if (polyspan_span_start(tracer, text(json_get(step, "name")), kind, live, NULL, text(NULL), nanos(step),
                            &thing->span, NULL) == POLYSPAN_E_HANDLE || (parent != NULL && live == 0)) {
        if (thing->span != 0) unsupported("a span was started twice");
        polyspan_span_start(tracer, text(json_get(step, "name")), kind, 0, &parent->context, state(parent),
                            nanos(step), &thing->span, NULL);
    }
    for (pair = json_get(step, "attributes"), pair = pair == NULL ? NULL : pair->child; pair; pair = pair->next)
        set(thing->span, text(pair->child), pair->child->next);
    for (; link != NULL; link = link->next) link_to(thing->span, link);
    polyspan_span_context(thing->span, &thing->context);
    buffer.data = thing->state;
    buffer.capacity = sizeof thing->state;
    polyspan_span_tracestate(thing->span, &buffer);
    thing->state_length = buffer.len;
    append(spans, "%s[\"%s\",\"", *spans ? "," : "", label);
    append_hex(spans, thing->context.trace_id, 16);
    append(spans, "\",\"");
    append_hex(spans, thing->context.span_id, 8);
    append(spans, "\"]");
}
