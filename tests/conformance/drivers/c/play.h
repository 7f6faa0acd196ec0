/* A case under way, and what the parts of the driver do with it. */
#ifndef PLAY_H
#define PLAY_H

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

extern known things[MOST];
extern int count;
extern uint64_t provider;
extern char spans[ROOM], results[4 * ROOM];

known *find(const json *label);
known *make(const char *label);

/* Reads headers and tells what they say; writes the headers for a call from a span. */
void extract(const json *step, const char *label);
void inject(const json *step, uint64_t span);

#endif
