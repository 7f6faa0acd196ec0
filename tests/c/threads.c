/* Handles in the hands of several threads, and of a forked child. */
#define _POSIX_C_SOURCE 200809L
#include "check.h"
#include "common.h"
#include "memcheck.h"

#include <pthread.h>
#include <sys/wait.h>
#include <unistd.h>

enum { THREADS = 4, ROUNDS = 2000 };

static uint64_t provider, tracer, shared;
static int ended, refused, wrong;
static uint64_t contested;

/* C99 has no atomics; the compilers do. */
static void add(int *count) { __atomic_fetch_add(count, 1, __ATOMIC_RELAXED); }

static void run_all(void *(*body)(void *)) {
    pthread_t threads[THREADS];
    int i;
    for (i = 0; i < THREADS; ++i) pthread_create(&threads[i], NULL, body, NULL);
    for (i = 0; i < THREADS; ++i) pthread_join(threads[i], NULL);
}

static void *write_shared(void *unused) {
    int i;
    (void)unused;
    for (i = 0; i < ROUNDS; ++i) {
        if (polyspan_span_set_int(shared, TEXT("number"), i) != POLYSPAN_OK) add(&wrong);
        if (polyspan_span_set_string(shared, TEXT("text"), TEXT("value")) != POLYSPAN_OK) add(&wrong);
    }
    return NULL;
}

static void one_span_is_written_by_all_threads(void) {
    shared = start(tracer, "shared", 0);
    run_all(write_shared);
    CHECK(wrong == 0);
    STATUS(POLYSPAN_OK, polyspan_span_end(shared, 0));
}

static void *end_contested(void *unused) {
    int i;
    (void)unused;
    for (i = 0; i < ROUNDS; ++i) {
        const uint64_t span = __atomic_load_n(&contested, __ATOMIC_RELAXED);
        const int32_t set = polyspan_span_set_bool(span, TEXT("k"), 1);
        const int32_t end = polyspan_span_end(span, 0);
        if (set != POLYSPAN_OK && set != POLYSPAN_E_HANDLE) add(&wrong);
        if (end == POLYSPAN_OK) {
            add(&ended);
            __atomic_store_n(&contested, start(tracer, "contested", 0), __ATOMIC_RELAXED);
        } else if (end == POLYSPAN_E_HANDLE) {
            add(&refused);
        } else {
            add(&wrong);
        }
    }
    return NULL;
}

static void a_span_that_all_threads_end_ends_once(void) {
    const polyspan_stats before = read_stats(provider);
    polyspan_stats after;
    contested = start(tracer, "contested", 0);
    run_all(end_contested);
    STATUS(POLYSPAN_OK, polyspan_span_end(contested, 0));
    after = read_stats(provider);
    CHECK(wrong == 0 && ended + refused == THREADS * ROUNDS);
    CHECK(after.ended - before.ended == (uint64_t)ended + 1);
    CHECK(after.started - before.started == (uint64_t)ended + 1 && after.live == 0);
}

static void *start_and_end(void *unused) {
    int i, j;
    uint64_t spans[16];
    (void)unused;
    for (i = 0; i < ROUNDS / 10; ++i) {
        for (j = 0; j < 16; ++j) spans[j] = start(tracer, "many", j == 0 ? 0 : spans[j - 1]);
        for (j = 15; j >= 0; --j)
            if (polyspan_span_end(spans[j], 0) != POLYSPAN_OK) add(&wrong);
    }
    return NULL;
}

static void threads_have_spans_of_their_own(void) {
    polyspan_stats stats;
    run_all(start_and_end);
    STATUS(POLYSPAN_OK, polyspan_provider_flush(provider, 30000, NULL));
    stats = read_stats(provider);
    CHECK(wrong == 0 && stats.live == 0 && is_balanced(&stats));
}

static void more_spans_than_there_can_be_are_refused(void) {
    enum { MOST = 1 << 20 };
    uint64_t *spans = (uint64_t *)malloc((MOST + 1) * sizeof *spans);
    polyspan_error err = POLYSPAN_INIT(polyspan_error);
    uint64_t refused_span = 9;
    polyspan_context parent = POLYSPAN_INIT(polyspan_context);
    int32_t status = POLYSPAN_OK;
    int count = 0, i;
    CHECK(spans != NULL);
    parent.trace_id[0] = parent.span_id[0] = 1; /* not sampled, so that the spans hold nothing */
    while (count <= MOST && status == POLYSPAN_OK) {
        status = polyspan_span_start(tracer, TEXT("n"), 1, 0, &parent, NONE, 0, &spans[count], &err);
        if (status == POLYSPAN_OK) ++count;
    }
    for (i = 1; i < count; ++i) polyspan_span_end(spans[i], 0);
    STATUS(POLYSPAN_OK, polyspan_span_end(spans[0], 0));
    free(spans);
    if (count != MOST) printf("  %d spans, then status %d\n", count, (int)status);
    CHECK(status == POLYSPAN_E_EXHAUSTED && count == MOST);
    CHECK(strstr((const char *)err.text, "1048576 spans") != NULL);
    STATUS(POLYSPAN_OK, polyspan_span_start(tracer, TEXT("n"), 1, 0, NULL, NONE, 0, &refused_span, NULL));
    STATUS(POLYSPAN_OK, polyspan_span_end(refused_span, 0));
}

static uint64_t of_parent;

static void a_child_at_work(void) {
    polyspan_stats stats;
    const uint64_t own = start(tracer, "of the child", 0);
    STATUS(POLYSPAN_OK, polyspan_span_set_int(own, TEXT("k"), 1));
    STATUS(POLYSPAN_OK, polyspan_span_end(own, 0));
    STATUS(POLYSPAN_OK, polyspan_span_end(of_parent, 0));
    STATUS(POLYSPAN_OK, polyspan_provider_flush(provider, 30000, NULL));
    stats = read_stats(provider);
    CHECK(stats.started == 1 && stats.ended == 1 && is_balanced(&stats));
}

static void *nothing(void *unused) { return unused; }

/* A child has the stacks of the threads that its parent had, without the threads; glibc keeps them for reuse, at most
 * 40 MiB of them. What only they refer to would look referred to, until a new thread of the child writes over it. A stack
 * larger than all that may be kept lets none of them be kept. */
static void forget_the_stacks_of_the_parent(void) {
    pthread_t thread;
    pthread_attr_t attributes;
    STATUS(0, pthread_attr_init(&attributes));
    STATUS(0, pthread_attr_setstacksize(&attributes, (size_t)64 << 20));
    STATUS(0, pthread_create(&thread, &attributes, nothing, NULL));
    STATUS(0, pthread_join(thread, NULL));
    STATUS(0, pthread_attr_destroy(&attributes));
}

/* Under valgrind the child asks memcheck itself, twice, and only what its own work added counts. Memcheck's check at exit
 * cannot say that: the child has the memory of the parent's worker thread but not the thread, so what only its stack and
 * registers referred to is lost in every child from the start, whatever the child does. */
static void be_the_child(void) {
    memcheck_stretch stretch;
    test_is_failing = 0;
    forget_the_stacks_of_the_parent();
    stretch = memcheck_begin();
    a_child_at_work();
    if (test_is_failing) return;
    CHECK(memcheck_errors(stretch) == 0);
    CHECK(memcheck_leaks() == 0);
}

/* Another program takes the place of the child, because memcheck checks a process that exits, and would count the
 * parent's memory against it; it does not follow an exec, where no memory stays. */
static void leave(int failed) {
    fflush(stdout);
    execl("/bin/sh", "sh", "-c", failed ? "exit 1" : "exit 0", (char *)NULL);
    _exit(127);
}

static void a_child_uses_the_handles_of_its_parent(void) {
    int status = 0;
    pid_t child;
    of_parent = start(tracer, "of the parent", 0);
    child = fork();
    CHECK(child >= 0);
    if (child == 0) {
        be_the_child();
        leave(test_is_failing);
    }
    STATUS(POLYSPAN_OK, polyspan_span_end(of_parent, 0));
    CHECK(waitpid(child, &status, 0) == child);
    CHECK(WIFEXITED(status) && WEXITSTATUS(status) == 0);
}

int main(int argc, char **argv) {
    if (argc != 2) {
        fprintf(stderr, "usage: threads <endpoint>\n");
        return 2;
    }
    provider = new_provider("threads", argv[1]);
    tracer = new_tracer(provider);
    RUN(one_span_is_written_by_all_threads);
    RUN(a_span_that_all_threads_end_ends_once);
    RUN(threads_have_spans_of_their_own);
    RUN(a_child_uses_the_handles_of_its_parent);
    /* AddressSanitizer watches it too; memcheck would for seven minutes. */
    if (!memcheck_watches()) RUN(more_spans_than_there_can_be_are_refused);
    (void)polyspan_provider_shutdown(provider, 2000, NULL);
    return report_tests();
}
