/* In front of libc in one process: a disk that is slow, reads that fail, a clock that is wrong. See tests/faulty.py. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/types.h>
#include <time.h>
#include <unistd.h>

#define REAL(name, type) ((type)dlsym(RTLD_NEXT, name))

static long number(const char *name) {
    const char *text = getenv(name);
    return text ? atol(text) : 0;
}

static void wait_for_the_disk(void) {
    long us = number("FAULTY_DISK_US");
    if (us > 0) usleep((useconds_t)us);
}

int fsync(int fd) {
    wait_for_the_disk();
    return REAL("fsync", int (*)(int))(fd);
}

int fdatasync(int fd) {
    wait_for_the_disk();
    return REAL("fdatasync", int (*)(int))(fd);
}

int rename(const char *from, const char *to) {
    wait_for_the_disk();
    return REAL("rename", int (*)(const char *, const char *))(from, to);
}

int linkat(int from_fd, const char *from, int to_fd, const char *to, int flags) {
    wait_for_the_disk();
    return REAL("linkat", int (*)(int, const char *, int, const char *, int))(from_fd, from, to_fd, to, flags);
}

int unlink(const char *path) {
    wait_for_the_disk();
    return REAL("unlink", int (*)(const char *))(path);
}

ssize_t write(int fd, const void *bytes, size_t count) {
    if (fd > 2) wait_for_the_disk();
    return REAL("write", ssize_t (*)(int, const void *, size_t))(fd, bytes, count);
}

/* Reads of FAULTY_FILE fail beyond FAULTY_FROM bytes, as those of a bad sector do. */
ssize_t read(int fd, void *bytes, size_t count) {
    const char *file = getenv("FAULTY_FILE");
    if (file) {
        char link[64], path[PATH_MAX];
        snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
        ssize_t length = readlink(link, path, sizeof path - 1);
        if (length > 0) {
            path[length] = 0;
            off_t left = number("FAULTY_FROM") - lseek(fd, 0, SEEK_CUR);
            if (strcmp(path, file) == 0) {
                if (left <= 0) {
                    errno = EIO;
                    return -1;
                }
                if ((off_t)count > left) count = (size_t)left;
            }
        }
    }
    return REAL("read", ssize_t (*)(int, void *, size_t))(fd, bytes, count);
}

/* The time of day is FAULTY_CLOCK_S seconds off, and FAULTY_CLOCK_BACK_S more each time it is looked at. */
int clock_gettime(clockid_t clock, struct timespec *now) {
    static long looks = 1;
    int result = REAL("clock_gettime", int (*)(clockid_t, struct timespec *))(clock, now);
    if (result == 0 && clock == CLOCK_REALTIME) {
        now->tv_sec += number("FAULTY_CLOCK_S") - number("FAULTY_CLOCK_BACK_S") * __atomic_fetch_add(&looks, 1, __ATOMIC_RELAXED);
        if (now->tv_sec < 0) now->tv_sec = 0;
    }
    return result;
}
