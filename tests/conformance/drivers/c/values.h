/* From the vectors' typed values to polyspan_node, and answers as text. Memory lives until `values_reset`. */
#ifndef VALUES_H
#define VALUES_H

#include "json.h"
#include "polyspan.h"

/* Gives the case up: what it says cannot be said in C. */
void unsupported(const char *why);
/* Why the case was given up; null if it was not. */
const char *values_reset(void);

polyspan_bytes text(const json *given);
uint64_t nanos(const json *step);
/* The attributes of a list of pairs. */
const polyspan_node *attributes(const json *pairs, size_t *length);
/* Sets an attribute by the function for its type. */
void set(uint64_t span, polyspan_bytes key, const json *value);

/* Appends to a text, formatted; bytes as digits; text as a JSON string. */
void append(char *out, const char *format, ...);
void append_hex(char *out, const uint8_t *bytes, size_t length);
void append_string(char *out, const char *text, size_t length);

#endif
