#include "values.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MOST_NODES = 4096, MOST_BYTES = 65536 };

static polyspan_node nodes[MOST_NODES];
static size_t node_count;
static uint8_t bytes[MOST_BYTES];
static size_t byte_count;
static const char *problem;

void unsupported(const char *why) {
    problem = why;
}

const char *values_reset(void) {
    const char *found = problem;
    problem = NULL;
    node_count = byte_count = 0;
    return found;
}

polyspan_bytes text(const json *given) {
    polyspan_bytes result = {NULL, 0};
    if (given != NULL && given->type == '"') {
        result.data = (const uint8_t *)given->text;
        result.len = given->length;
    } else if (given != NULL) {
        unsupported("text is UTF-8 in this interface; half a surrogate pair has no such form");
    }
    return result;
}

uint64_t nanos(const json *step) {
    return (uint64_t)json_number(step, "at") * 1000;
}

static polyspan_bytes base64(const json *encoded) {
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    polyspan_bytes result = {bytes + byte_count, 0};
    unsigned long word = 0;
    size_t i;
    int bits = 0;
    for (i = 0; i < encoded->length && encoded->text[i] != '='; i++) {
        word = word << 6 | (unsigned long)(strchr(digits, encoded->text[i]) - digits);
        bits += 6;
        if (bits >= 8) {
            bits -= 8;
            bytes[byte_count++] = (uint8_t)(word >> bits);
            result.len++;
        }
    }
    return result;
}

static int64_t integer(const char *digits) {
    char back[32];
    int64_t number = strtoll(digits, NULL, 10);
    snprintf(back, sizeof back, "%lld", (long long)number);
    if (strcmp(back, digits) != 0) unsupported("an integer is an int64_t");
    return number;
}

/* Adds a value, its parts behind it. */
static void add(polyspan_bytes key, const json *value) {
    const json *content = value->child, *part;
    const char *kind = content->key;
    polyspan_node *node = &nodes[node_count++];
    memset(node, 0, sizeof *node);
    node->key = key;
    if (strcmp(kind, "string") == 0 || strcmp(kind, "utf16") == 0) {
        node->kind = POLYSPAN_STRING;
        node->text = text(content);
    } else if (strcmp(kind, "bool") == 0) {
        node->kind = POLYSPAN_BOOL;
        node->integer = content->type == 't';
    } else if (strcmp(kind, "int") == 0) {
        node->kind = POLYSPAN_INT;
        node->integer = integer(content->text);
    } else if (strcmp(kind, "double") == 0) {
        node->kind = POLYSPAN_DOUBLE;
        node->real = strtod(content->text, NULL);
    } else if (strcmp(kind, "bytes") == 0) {
        node->kind = POLYSPAN_BYTES;
        node->text = base64(content);
    } else if (strcmp(kind, "deep") == 0) {
        long long depth = json_number(value, "deep");
        for (node_count--; depth > 0; depth--) {
            nodes[node_count] = (polyspan_node){.kind = POLYSPAN_ARRAY, .children = 1, .key = key};
            node_count++;
        }
        add(key, json_get(value, "in"));
    } else if (strcmp(kind, "array") == 0) {
        node->kind = POLYSPAN_ARRAY;
        for (part = content->child; part != NULL; part = part->next, node->children++) add(text(NULL), part);
    } else if (strcmp(kind, "map") == 0) {
        node->kind = POLYSPAN_MAP;
        for (part = content->child; part != NULL; part = part->next, node->children++)
            add(text(part->child), part->child->next);
    }
}

const polyspan_node *attributes(const json *pairs, size_t *length) {
    size_t first = node_count;
    const json *pair = pairs == NULL ? NULL : pairs->child;
    for (; pair != NULL; pair = pair->next) add(text(pair->child), pair->child->next);
    *length = node_count - first;
    return nodes + first;
}

void set(uint64_t span, polyspan_bytes key, const json *value) {
    size_t first = node_count;
    const polyspan_node *node = &nodes[first];
    add(text(NULL), value);
    switch (node->kind) {
    case POLYSPAN_STRING: polyspan_span_set_string(span, key, node->text); break;
    case POLYSPAN_INT: polyspan_span_set_int(span, key, node->integer); break;
    case POLYSPAN_DOUBLE: polyspan_span_set_double(span, key, node->real); break;
    case POLYSPAN_BOOL: polyspan_span_set_bool(span, key, (int32_t)node->integer); break;
    case POLYSPAN_BYTES: polyspan_span_set_bytes(span, key, node->text); break;
    default: polyspan_span_set_value(span, key, node, node_count - first);
    }
}

void append(char *out, const char *format, ...) {
    va_list rest;
    va_start(rest, format);
    vsprintf(out + strlen(out), format, rest);
    va_end(rest);
}

void append_hex(char *out, const uint8_t *data, size_t length) {
    for (; length > 0; length--) append(out, "%02x", *data++);
}

void append_string(char *out, const char *given, size_t length) {
    char *end = out + strlen(out);
    *end++ = '"';
    for (; length > 0; length--, given++) {
        if (*given == '"' || *given == '\\') *end++ = '\\';
        *end++ = *given;
    }
    *end++ = '"';
    *end = 0;
}
