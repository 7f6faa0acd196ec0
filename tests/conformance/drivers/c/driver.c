/* Plays conformance vectors through polyspan.h: a case a line, an answer a line. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "play.h"

known things[MOST];
int count;
uint64_t provider;
char spans[ROOM], results[4 * ROOM];
static char line[4 * ROOM];

known *find(const json *label) {
    int i = label == NULL ? -1 : count - 1;
    while (i >= 0 && strcmp(things[i].label, label->text) != 0) i--;
    return i < 0 ? NULL : &things[i];
}

known *make(const char *label) {
    known *thing = &things[count++];
    memset(thing, 0, sizeof *thing);
    thing->label = label;
    thing->context.size = sizeof thing->context;
    return thing;
}

static polyspan_bytes state(const known *thing) {
    polyspan_bytes result = {thing == NULL ? NULL : thing->state, thing == NULL ? 0 : thing->state_length};
    return result;
}

static void link_to(uint64_t span, const json *link) {
    const known *to = find(json_get(link, "to"));
    size_t length;
    const polyspan_node *nodes = attributes(json_get(link, "attributes"), &length);
    polyspan_span_add_link(span, &to->context, state(to), nodes, length);
}

static void start(const json *step, const char *label) {
    static const char *const kinds[] = {"", "internal", "server", "client", "producer", "consumer"};
    const json *scope = json_get(step, "scope"), *part;
    const known *parent = find(json_get(step, "parent"));
    known *thing = make(label);
    polyspan_buffer buffer = {thing->state, sizeof thing->state, 0};
    polyspan_bytes name = text(json_get(step, "name"));
    uint64_t tracer = 0;
    uint32_t kind = 5;
    polyspan_tracer_new(provider, text(json_get(scope, "name")), text(json_get(scope, "version")),
                        text(json_get(scope, "schema_url")), &tracer, NULL, NULL);
    while (kind > 1 && strcmp(kinds[kind], json_get(step, "kind")->text) != 0) kind--;
    /* The handle of a parent that has ended is refused; its context, which was kept, goes on. */
    if (parent == NULL || parent->span == 0 ||
        polyspan_span_start(tracer, name, kind, parent->span, NULL, text(NULL), nanos(step), &thing->span, NULL) != 0)
        polyspan_span_start(tracer, name, kind, 0, parent == NULL ? NULL : &parent->context, state(parent),
                            nanos(step), &thing->span, NULL);
    part = json_get(step, "attributes");
    for (part = part == NULL ? NULL : part->child; part != NULL; part = part->next)
        set(thing->span, text(part->child), part->child->next);
    for (part = json_get(step, "links")->child; part != NULL; part = part->next) link_to(thing->span, part);
    polyspan_span_context(thing->span, &thing->context);
    polyspan_span_tracestate(thing->span, &buffer);
    thing->state_length = buffer.len;
    append(spans, "%s[\"%s\",\"", *spans ? "," : "", label);
    append_hex(spans, thing->context.trace_id, 16);
    append(spans, "\",\"");
    append_hex(spans, thing->context.span_id, 8);
    append(spans, "\"]");
}

static void play_step(const json *step) {
    const char *verb = step->child->key;
    const known *thing = find(step->child);
    uint64_t span = thing == NULL ? 0 : thing->span;
    const json *code = json_get(step, "code");
    size_t length;
    if (strcmp(verb, "start") == 0) {
        start(step, step->child->text);
    } else if (strcmp(verb, "extract") == 0) {
        extract(step, step->child->text);
    } else if (strcmp(verb, "inject") == 0) {
        inject(step, span);
    } else if (strcmp(verb, "set") == 0) {
        set(span, text(json_get(step, "key")), json_get(step, "value"));
    } else if (strcmp(verb, "event") == 0) {
        const polyspan_node *nodes = attributes(json_get(step, "attributes"), &length);
        polyspan_span_add_event(span, text(json_get(step, "name")), nodes, length, nanos(step));
    } else if (strcmp(verb, "link") == 0) {
        link_to(span, step);
    } else if (strcmp(verb, "exception") == 0) {
        const polyspan_node *nodes = attributes(json_get(step, "attributes"), &length);
        polyspan_span_record_exception(span, text(json_get(step, "type")), text(json_get(step, "message")),
                                       text(json_get(step, "stacktrace")), nodes, length, nanos(step));
    } else if (strcmp(verb, "status") == 0) {
        polyspan_span_set_status(span, code->text[0] == 'u' ? 0 : code->text[0] == 'o' ? 1 : 2,
                                 text(json_get(step, "description")));
    } else if (strcmp(verb, "rename") == 0) {
        polyspan_span_set_name(span, text(json_get(step, "name")));
    } else {
        polyspan_span_end(span, nanos(step));
    }
}

int main(void) {
    while (fgets(line, sizeof line, stdin) != NULL) {
        json *tree = json_read(line);
        const json *part;
        const char *problem;
        uint64_t config = 0;
        polyspan_error error = POLYSPAN_INIT(polyspan_error);
        *spans = *results = 0;
        count = 0;
        polyspan_config_new(&config, &error);
        for (part = json_get(tree, "options")->child; part != NULL; part = part->next) {
            const char *word = part->type == 't' ? "true" : part->type == 'f' ? "false" : NULL;
            static char value[512];
            sprintf(value, "%.*s", word ? 5 : (int)part->length, word ? word : part->text);
            polyspan_config_set(config, polyspan_text(part->key), polyspan_text(value), &error);
        }
        if (error.code == 0) polyspan_provider_new(config, 0, &provider, &error);
        for (part = json_get(tree, "steps")->child; part != NULL; part = part->next) play_step(part);
        polyspan_provider_shutdown(provider, 5000, NULL);
        problem = values_reset();
        if (error.code != 0 || problem != NULL)
            printf("{\"unsupported\":\"%s\"}\n", problem != NULL ? problem : (const char *)error.text);
        else
            printf("{\"spans\":[%s],\"results\":[%s]}\n", spans, results);
        fflush(stdout);
        json_free(tree);
    }
    return 0;
}
