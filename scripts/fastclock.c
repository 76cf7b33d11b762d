/* A clock that runs N times as fast for one process: cc -shared -fPIC -o fastclock.so fastclock.c -ldl
 *
 * LD_PRELOAD=fastclock.so FASTCLOCK_RATE=240 [FASTCLOCK_START=<seconds since 1970>] PROGRAM
 *
 * The wall clock and the monotonic clock are read through clock_gettime; waits come back as quickly as such a clock demands:
 * epoll_wait, poll, nanosleep, clock_nanosleep, and futex with a time limit, which is how Rust's own condition variables wait.
 * (libfaketime knows neither futex nor that CPU time has to stay as it is.) Children inherit the variables, so a child's clock
 * starts anew; the daemon clears its children's environment.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <linux/futex.h>
#include <poll.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

typedef int64_t nanos;

static long (*real_syscall)(long, ...);
static int rate = 1;
static nanos wall_base, wall_start, mono_base;

static nanos read_clock(clockid_t id) {
    struct timespec t;
    real_syscall(SYS_clock_gettime, id, &t);
    return (nanos)t.tv_sec * 1000000000 + t.tv_nsec;
}

static struct timespec spec(nanos n) {
    if (n < 0) n = 0;
    return (struct timespec){n / 1000000000, n % 1000000000};
}

static nanos of(const struct timespec *t) { return (nanos)t->tv_sec * 1000000000 + t->tv_nsec; }

__attribute__((constructor)) static void begin(void) {
    real_syscall = dlsym(RTLD_NEXT, "syscall");
    const char *r = getenv("FASTCLOCK_RATE"), *s = getenv("FASTCLOCK_START");
    if (r && atoi(r) > 0) rate = atoi(r);
    wall_base = read_clock(CLOCK_REALTIME);
    mono_base = read_clock(CLOCK_MONOTONIC);
    wall_start = s ? (nanos)atoll(s) * 1000000000 : wall_base;
}

int clock_gettime(clockid_t id, struct timespec *t) {
    if (!real_syscall) begin();
    switch (id) {
    case CLOCK_REALTIME:
    case CLOCK_REALTIME_COARSE:
        *t = spec(wall_start + (read_clock(CLOCK_REALTIME) - wall_base) * rate);
        return 0;
    case CLOCK_MONOTONIC:
    case CLOCK_MONOTONIC_COARSE:
    case CLOCK_MONOTONIC_RAW:
    case CLOCK_BOOTTIME:
        *t = spec(mono_base + (read_clock(CLOCK_MONOTONIC) - mono_base) * rate);
        return 0;
    default:
        return (int)real_syscall(SYS_clock_gettime, id, t);
    }
}

time_t time(time_t *out) {
    struct timespec t;
    clock_gettime(CLOCK_REALTIME, &t);
    if (out) *out = t.tv_sec;
    return t.tv_sec;
}

/* The true end of a wait until `t` by the quick clock. */
static struct timespec true_end(const struct timespec *t, int wall) {
    return wall ? spec(wall_base + (of(t) - wall_start) / rate) : spec(mono_base + (of(t) - mono_base) / rate);
}

int nanosleep(const struct timespec *t, struct timespec *rest) {
    struct timespec shorter = spec(of(t) / rate);
    int result = (int)real_syscall(SYS_nanosleep, &shorter, rest);
    if (result && rest) *rest = spec(of(rest) * rate);
    return result;
}

int clock_nanosleep(clockid_t id, int flags, const struct timespec *t, struct timespec *rest) {
    struct timespec other = flags & TIMER_ABSTIME ? true_end(t, id == CLOCK_REALTIME) : spec(of(t) / rate);
    int result = (int)real_syscall(SYS_clock_nanosleep, id, flags, &other, rest);
    if (result && rest && !(flags & TIMER_ABSTIME)) *rest = spec(of(rest) * rate);
    return result ? errno : 0;
}

/* Rounded up: a wait that ends too early would only begin again. */
static int milliseconds(int timeout) { return timeout <= 0 ? timeout : (timeout + rate - 1) / rate; }

int epoll_wait(int fd, struct epoll_event *events, int max, int timeout) {
    return (int)real_syscall(SYS_epoll_pwait, fd, events, max, milliseconds(timeout), NULL, 8);
}

int poll(struct pollfd *fds, nfds_t count, int timeout) {
    int ms = milliseconds(timeout);
    struct timespec t = {ms / 1000, (long)(ms % 1000) * 1000000};
    return (int)real_syscall(SYS_ppoll, fds, count, ms < 0 ? NULL : &t, NULL, 8);
}

long syscall(long number, ...) {
    long a[6];
    va_list list;
    va_start(list, number);
    for (int i = 0; i < 6; i++) a[i] = va_arg(list, long);
    va_end(list);
    struct timespec other;
    if (number == SYS_futex && a[3]) {
        int operation = (int)a[1] & FUTEX_CMD_MASK;
        const struct timespec *t = (const struct timespec *)a[3];
        if (operation == FUTEX_WAIT) {
            other = spec(of(t) / rate);
            a[3] = (long)&other;
        } else if (operation == FUTEX_WAIT_BITSET) {
            other = true_end(t, ((int)a[1] & FUTEX_CLOCK_REALTIME) != 0);
            a[3] = (long)&other;
        }
    }
    return real_syscall(number, a[0], a[1], a[2], a[3], a[4], a[5]);
}
