/* A reader for the JSON that the cases are written in: a tree of nodes that lives as long as its line. */
#ifndef JSON_H
#define JSON_H

#include <stddef.h>

typedef struct json {
    /* One of `{ [ " 0 t f n`: object, array, string, number, true, false, null. */
    char type;
    /* The name of an object's member, else null. */
    const char *key;
    /* The content of a string (UTF-8, zero bytes allowed) or the digits of a number. */
    const char *text;
    size_t length;
    struct json *child, *next;
} json;

/* Reads a text, which is changed: strings are decoded in place. Null if it is malformed. */
json *json_read(char *text);
void json_free(json *tree);

/* The member `key`; null if there is none. */
const json *json_get(const json *object, const char *key);
/* The member's number; 0 if there is none. */
long long json_number(const json *object, const char *key);

#endif
