/* A test is a function; it fails at its first CHECK that does not hold. */
#ifndef CHECK_H
#define CHECK_H

#include <stdio.h>

static int tests_passed, tests_failed, test_is_failing;

#define CHECK(condition)                                                                      \
    do {                                                                                      \
        if (!(condition)) {                                                                   \
            printf("  %s:%d: does not hold: %s\n", __FILE__, __LINE__, #condition);           \
            test_is_failing = 1;                                                              \
            return;                                                                           \
        }                                                                                     \
    } while (0)

/* As CHECK(status == POLYSPAN_...), showing what the status was. */
#define STATUS(expected, call)                                                                \
    do {                                                                                      \
        const int status_ = (int)(call);                                                      \
        if (status_ != (expected)) {                                                          \
            printf("  %s:%d: %s is %d, not %s\n", __FILE__, __LINE__, #call, status_,         \
                   #expected);                                                                \
            test_is_failing = 1;                                                              \
            return;                                                                           \
        }                                                                                     \
    } while (0)

#define RUN(test)                                                                             \
    do {                                                                                      \
        test_is_failing = 0;                                                                  \
        test();                                                                               \
        printf("%s %s\n", test_is_failing ? "FAILED" : "ok", #test);                          \
        test_is_failing ? ++tests_failed : ++tests_passed;                                    \
        fflush(stdout);                                                                       \
    } while (0)

static inline int report_tests(void) {
    printf("%d passed, %d failed\n", tests_passed, tests_failed);
    return tests_failed == 0 ? 0 : 1;
}

#endif
