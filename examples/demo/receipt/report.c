#include "report.h"
#include "polyspan.h"

#include <stdio.h>
#include <stdlib.h>

enum { LINE_BYTES = 4096, TEXT_BYTES = 16384 };

static void print_string(const char *text) {
    putc('"', stderr);
    for (; *text != '\0'; text++) {
        const unsigned char letter = (unsigned char)*text;
        if (letter < 0x20 || letter == '"' || letter == '\\') {
            fprintf(stderr, "\\u%04x", letter);
        } else {
            putc(letter, stderr);
        }
    }
    putc('"', stderr);
}

/* The path of a mapped file by its name; empty if there is none. */
static void find_mapped(const char *name, char path[LINE_BYTES]) {
    char line[LINE_BYTES];
    FILE *maps = fopen("/proc/self/maps", "r");

    path[0] = '\0';
    while (maps != NULL && path[0] == '\0' && fgets(line, sizeof line, maps) != NULL) {
        line[strcspn(line, "\n")] = '\0';
        const char *start = strchr(line, '/'), *last = strrchr(line, '/');
        if (last != NULL && strcmp(last + 1, name) == 0) {
            strcpy(path, start);
        }
    }
    if (maps != NULL) {
        fclose(maps);
    }
}

void print_report(uint64_t provider) {
    char stats[TEXT_BYTES] = "", describe[TEXT_BYTES] = "", library[LINE_BYTES];
    polyspan_buffer stats_out = {(uint8_t *)stats, sizeof stats - 1, 0};
    polyspan_buffer describe_out = {(uint8_t *)describe, sizeof describe - 1, 0};
    const char *service = getenv("OTEL_SERVICE_NAME");

    polyspan_provider_stats_json(provider, &stats_out);
    polyspan_provider_describe(provider, &describe_out);
    find_mapped("libpolyspan_native.so", library);

    /* The worker may write to the same pipe: one buffer, one write. */
    static char whole[4 * TEXT_BYTES];
    setvbuf(stderr, whole, _IOFBF, sizeof whole);
    fputs("{\"service\":", stderr);
    print_string(service == NULL ? "" : service);
    fputs(",\"binding\":\"c\",\"library\":", stderr);
    print_string(library);
    fprintf(stderr, ",\"stats\":%s,\"describe\":", stats);
    print_string(describe);
    fputs("}\n", stderr);
    fflush(stderr);
}
