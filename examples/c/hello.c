/* The smallest traced C program: one trace with two spans, one of which fails.
 *
 *   polyspan view &                       # or any OTLP receiver: OTEL_EXPORTER_OTLP_ENDPOINT=http://...
 *   cc hello.c -I../../include -L../../target/debug -Wl,-rpath,../../target/debug -lpolyspan_native -o hello && ./hello
 */
#include <polyspan.h>
#include <stdio.h>

/* Reads the file as a span of its own below `parent`. */
static int load(uint64_t tracer, uint64_t parent, const char *path) {
    uint64_t span = 0;
    FILE *file;
    polyspan_span_start(tracer, polyspan_text("load"), POLYSPAN_KIND_INTERNAL, parent, NULL,
                        polyspan_text(NULL), 0, &span, NULL);
    polyspan_span_set_string(span, polyspan_text("file.path"), polyspan_text(path));
    file = fopen(path, "r");
    if (file == NULL) {
        polyspan_span_record_exception(span, polyspan_text("IOError"), polyspan_text("no such file"),
                                       polyspan_text(NULL), NULL, 0, 0);
        polyspan_span_set_status(span, POLYSPAN_STATUS_ERROR, polyspan_text("cannot load"));
    } else {
        fclose(file);
    }
    polyspan_span_end(span, 0);
    return file != NULL;
}

int main(void) {
    polyspan_error err = POLYSPAN_INIT(polyspan_error);
    polyspan_context parent = POLYSPAN_INIT(polyspan_context);
    uint64_t config = 0, provider = 0, tracer = 0, span = 0;

    /* Endpoint, sampler and all else come from OTEL_* and POLYSPAN_* variables; code wins over them. */
    polyspan_config_new(&config, &err);
    polyspan_config_set(config, polyspan_text("service_name"), polyspan_text("hello-c"), &err);
    if (polyspan_provider_new(config, 0, &provider, &err) != POLYSPAN_OK) {
        fprintf(stderr, "hello: %s\n", (const char *)err.text);
        return 1;
    }
    polyspan_tracer_new(provider, polyspan_text("hello"), polyspan_text("1.0"), polyspan_text(NULL),
                        &tracer, NULL, &err);

    /* Continues the trace of whoever started this program with TRACEPARENT set; else this is a new one. */
    polyspan_propagation_from_environment(provider, &parent, NULL, NULL);
    polyspan_span_start(tracer, polyspan_text("hello"), POLYSPAN_KIND_INTERNAL, 0, &parent,
                        polyspan_text(NULL), 0, &span, &err);
    polyspan_span_set_int(span, polyspan_text("answer"), 42);
    load(tracer, span, "no-such-file");
    polyspan_span_end(span, 0);

    /* Sends what is left; waits for two seconds at most. */
    if (polyspan_provider_shutdown(provider, 2000, &err) != POLYSPAN_OK) {
        fprintf(stderr, "hello: %s\n", (const char *)err.text);
        return 1;
    }
    return 0;
}
