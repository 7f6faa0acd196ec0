/* Asks memcheck about one stretch of a program; says nothing where memcheck, or its header, is not there. */
#ifndef MEMCHECK_H
#define MEMCHECK_H

#ifdef __has_include
#if __has_include(<valgrind/memcheck.h>)
#include <valgrind/memcheck.h>
#define MEMCHECK_ANSWERS 1
#endif
#endif

/* Whether memcheck watches this process, which is then some hundred times slower. */
static inline int memcheck_watches(void) {
#ifdef MEMCHECK_ANSWERS
    return RUNNING_ON_VALGRIND != 0;
#else
    return 0;
#endif
}

/* What memcheck knew when the stretch began. */
typedef struct memcheck_stretch {
    unsigned errors;
} memcheck_stretch;

/* Whatever is lost by now is not the stretch's doing. */
static inline memcheck_stretch memcheck_begin(void) {
    memcheck_stretch stretch = {0};
#ifdef MEMCHECK_ANSWERS
    VALGRIND_DO_QUICK_LEAK_CHECK; /* the baseline of memcheck_leaks */
    stretch.errors = VALGRIND_COUNT_ERRORS;
#endif
    return stretch;
}

/* Reads and writes since the beginning that were not allowed, or depended on memory that nobody had written. */
static inline unsigned memcheck_errors(memcheck_stretch stretch) {
#ifdef MEMCHECK_ANSWERS
    return VALGRIND_COUNT_ERRORS - stretch.errors;
#else
    (void)stretch;
    return 0;
#endif
}

/* Places of the program that lost more memory than they had at the beginning; of the kinds of --errors-for-leak-kinds.
 * To be asked once, after memcheck_errors: each place counts as an error from then on. */
static inline unsigned memcheck_leaks(void) {
#ifdef MEMCHECK_ANSWERS
    const unsigned before = VALGRIND_COUNT_ERRORS;
    VALGRIND_DO_ADDED_LEAK_CHECK;
    return VALGRIND_COUNT_ERRORS - before;
#else
    return 0;
#endif
}

#endif
