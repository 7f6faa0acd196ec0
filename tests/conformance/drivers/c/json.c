#include "json.h"

#include <stdlib.h>
#include <string.h>

static char *at;

static json *value(void);

static void blanks(void) {
    while (*at == ' ' || *at == '\n' || *at == '\t' || *at == '\r') at++;
}

static unsigned long hex4(const char *digits) {
    char word[5] = {0};
    memcpy(word, digits, 4);
    return strtoul(word, NULL, 16);
}

static char *utf8(char *out, unsigned long c) {
    if (c < 0x80) {
        *out++ = (char)c;
    } else if (c < 0x800) {
        *out++ = (char)(0xc0 | c >> 6);
        *out++ = (char)(0x80 | (c & 63));
    } else if (c < 0x10000) {
        *out++ = (char)(0xe0 | c >> 12);
        *out++ = (char)(0x80 | (c >> 6 & 63));
        *out++ = (char)(0x80 | (c & 63));
    } else {
        *out++ = (char)(0xf0 | c >> 18);
        *out++ = (char)(0x80 | (c >> 12 & 63));
        *out++ = (char)(0x80 | (c >> 6 & 63));
        *out++ = (char)(0x80 | (c & 63));
    }
    return out;
}

/* Decodes a string in place: what it means is never longer than how it is written. */
static const char *string(size_t *length) {
    static const char names[] = "\"\\/bfnrt", meant[] = "\"\\/\b\f\n\r\t";
    char *start = ++at, *out = start;
    while (*at != '"' && *at != 0) {
        if (*at != '\\') {
            *out++ = *at++;
        } else if (at[1] == 'u') {
            unsigned long c = hex4(at + 2);
            at += 6;
            if (c >= 0xd800 && c < 0xdc00 && at[0] == '\\' && at[1] == 'u') {
                c = 0x10000 + ((c - 0xd800) << 10) + (hex4(at + 2) - 0xdc00);
                at += 6;
            }
            out = utf8(out, c);
        } else {
            const char *name = strchr(names, at[1]);
            *out++ = name == NULL ? at[1] : meant[name - names];
            at += 2;
        }
    }
    if (*at == '"') at++;
    *length = (size_t)(out - start);
    *out = 0;
    return start;
}

static int members(json *parent, char end) {
    json **last = &parent->child;
    at++;
    for (blanks(); *at != end; blanks()) {
        const char *key = NULL;
        size_t length;
        if (*at == ',') at++;
        blanks();
        if (end == '}') {
            if (*at != '"') return 0;
            key = string(&length);
            blanks();
            if (*at++ != ':') return 0;
        }
        if ((*last = value()) == NULL) return 0;
        (*last)->key = key;
        last = &(*last)->next;
    }
    at++;
    return 1;
}

static json *value(void) {
    json *node = calloc(1, sizeof(json));
    int fine = node != NULL;
    if (!fine) return NULL;
    blanks();
    node->type = *at;
    if (*at == '{' || *at == '[') {
        fine = members(node, *at == '{' ? '}' : ']');
    } else if (*at == '"') {
        node->text = string(&node->length);
    } else if (*at == 't' || *at == 'n') {
        at += 4;
    } else if (*at == 'f') {
        at += 5;
    } else {
        node->type = '0';
        node->text = at;
        node->length = strspn(at, "+-0123456789.eE");
        at += node->length;
        fine = node->length > 0;
    }
    if (fine) return node;
    json_free(node);
    return NULL;
}

json *json_read(char *text) {
    at = text;
    return value();
}

void json_free(json *tree) {
    while (tree != NULL) {
        json *next = tree->next;
        json_free(tree->child);
        free(tree);
        tree = next;
    }
}

const json *json_get(const json *object, const char *key) {
    const json *member = object == NULL || object->type != '{' ? NULL : object->child;
    while (member != NULL && strcmp(member->key, key) != 0) member = member->next;
    return member;
}

long long json_number(const json *object, const char *key) {
    const json *member = json_get(object, key);
    return member == NULL || member->type != '0' ? 0 : strtoll(member->text, NULL, 10);
}
