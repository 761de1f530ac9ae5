/* A library for LD_PRELOAD with two faults: programs that load it start with SIGTERM ignored, and see a clock that stands
 * still. */
#define _GNU_SOURCE
#include <signal.h>
#include <time.h>

__attribute__((constructor)) static void on_load(void) { signal(SIGTERM, SIG_IGN); }

int clock_gettime(clockid_t clock, struct timespec *now) {
    (void)clock;
    now->tv_sec = now->tv_nsec = 1;
    return 0;
}
