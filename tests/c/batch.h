/* The smallest span batch: one record without attributes (docs/span-batch.md). */
#ifndef BATCH_H
#define BATCH_H

#include <polyspan.h>
#include <string.h>

enum { BATCH_SLOTS = 2 + 17 };

static inline uint64_t lo_hi(uint32_t lo, uint32_t hi) { return (uint64_t)hi << 32 | lo; }

static inline uint64_t f64(double number) {
    uint64_t bits;
    memcpy(&bits, &number, sizeof bits);
    return bits;
}

static inline uint64_t big_endian(const uint8_t *bytes) {
    uint64_t number = 0;
    int i;
    for (i = 0; i < 8; ++i) number = number << 8 | bytes[i];
    return number;
}

static inline void write_batch(uint64_t slots[BATCH_SLOTS], const polyspan_context *context,
                               uint32_t tracer, uint32_t name_length, uint32_t policy_epoch) {
    const uint32_t kind = POLYSPAN_KIND_PRODUCER, sampled = 2u << 3;
    memset(slots, 0, BATCH_SLOTS * sizeof *slots);
    slots[0] = lo_hi(0x01425350, 0);
    slots[1] = lo_hi(1, policy_epoch);
    slots[2] = lo_hi(17, kind | sampled | (uint32_t)context->flags << 8 | 1u << 11);
    slots[3] = big_endian(context->trace_id);
    slots[4] = big_endian(context->trace_id + 8);
    slots[5] = big_endian(context->span_id);
    slots[7] = slots[5]; /* its own local root */
    slots[8] = f64(1.7e12);
    slots[9] = f64(1.7e12 + 5);
    slots[11] = lo_hi(tracer, 0);
    slots[12] = lo_hi(0, name_length);
}

#endif
