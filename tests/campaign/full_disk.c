/* A disk that is full from the n-th write on: preloaded into a program, for files below one folder.
 *
 *     FAULT_BELOW  the folder
 *     FAULT_FROM   the first write that fails, from 1; 0 for none
 *     FAULT_COUNT  a file that gets a byte for each write, so that they can be counted
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/types.h>
#include <sys/uio.h>
#include <unistd.h>

static long writes;

/* Whether a path lies where the disk is full by now; counts it as a write. */
static int full(const char *path) {
    const char *below = getenv("FAULT_BELOW"), *from = getenv("FAULT_FROM");
    const char *count = getenv("FAULT_COUNT");
    if (!below || strncmp(path, below, strlen(below)) != 0) return 0;
    long number = __atomic_add_fetch(&writes, 1, __ATOMIC_SEQ_CST);
    if (count) {
        int file = syscall(SYS_openat, AT_FDCWD, count, O_WRONLY | O_APPEND | O_CREAT, 0600);
        if (file >= 0) {
            if (syscall(SYS_write, file, ".", 1) < 0) abort();
            syscall(SYS_close, file);
        }
    }
    if (!from || atol(from) <= 0 || number < atol(from)) return 0;
    errno = ENOSPC;
    return 1;
}

static int full_file(int file) {
    char link[64], path[4096];
    snprintf(link, sizeof link, "/proc/self/fd/%d", file);
    ssize_t length = readlink(link, path, sizeof path - 1);
    if (length < 0) return 0;
    path[length] = 0;
    return full(path);
}

#define NEXT(name) (__typeof__(&name))dlsym(RTLD_NEXT, #name)

ssize_t write(int file, const void *from, size_t size) {
    return full_file(file) ? -1 : (NEXT(write))(file, from, size);
}
ssize_t pwrite(int file, const void *from, size_t size, off_t at) {
    return full_file(file) ? -1 : (NEXT(pwrite))(file, from, size, at);
}
ssize_t pwrite64(int file, const void *from, size_t size, off64_t at) {
    return full_file(file) ? -1 : (NEXT(pwrite64))(file, from, size, at);
}
ssize_t writev(int file, const struct iovec *parts, int number) {
    return full_file(file) ? -1 : (NEXT(writev))(file, parts, number);
}
int ftruncate(int file, off_t size) {
    return full_file(file) ? -1 : (NEXT(ftruncate))(file, size);
}
int ftruncate64(int file, off64_t size) {
    return full_file(file) ? -1 : (NEXT(ftruncate64))(file, size);
}
int mkdir(const char *path, mode_t mode) {
    return full(path) ? -1 : (NEXT(mkdir))(path, mode);
}

/* Making a file takes room, too; opening one that is there does not. */
static int full_new(const char *path, int flags) {
    return (flags & O_CREAT) && access(path, F_OK) != 0 && full(path);
}
static mode_t mode_of(int flags, va_list more) {
    return flags & (O_CREAT | O_TMPFILE) ? (mode_t)va_arg(more, int) : 0;
}
int open(const char *path, int flags, ...) {
    va_list more;
    va_start(more, flags);
    mode_t mode = mode_of(flags, more);
    va_end(more);
    return full_new(path, flags) ? -1 : (NEXT(open))(path, flags, mode);
}
int open64(const char *path, int flags, ...) {
    va_list more;
    va_start(more, flags);
    mode_t mode = mode_of(flags, more);
    va_end(more);
    return full_new(path, flags) ? -1 : (NEXT(open64))(path, flags, mode);
}
