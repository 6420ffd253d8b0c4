// Makes, renames, lists and removes files in a directory that it was granted; then tries to leave it.
// zig cc -target wasm32-wasi -Os -s files.c -o files.wasm
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static void say(const char *what, int result) {
    printf("%-28s %s\n", what, result == 0 ? "ok" : strerror(errno));
}

static int by_name(const void *a, const void *b) { return strcmp(*(char *const *)a, *(char *const *)b); }

static void list(const char *path) {
    char *names[16];
    size_t n = 0;
    DIR *dir = opendir(path);
    if (!dir) {
        say("list", -1);
        return;
    }
    for (struct dirent *entry; n < 16 && (entry = readdir(dir));)
        if (entry->d_name[0] != '.') names[n++] = strdup(entry->d_name);
    closedir(dir);
    qsort(names, n, sizeof *names, by_name);
    printf("%s:", path);
    for (size_t i = 0; i < n; i++) printf(" %s", names[i]);
    printf("\n");
}

int main(void) {
    say("mkdir", mkdir("/box/a", 0777));
    FILE *file = fopen("/box/a/one.txt", "w");
    if (!file) {
        say("write", -1);
        return 1;
    }
    for (int i = 0; i < 1000; i++) fprintf(file, "line %d\n", i);
    say("write", fclose(file));
    say("rename", rename("/box/a/one.txt", "/box/a/two.txt"));
    struct stat stat_of_file;
    say("stat", stat("/box/a/two.txt", &stat_of_file));
    printf("%lld bytes\n", (long long)stat_of_file.st_size);
    file = fopen("/box/a/two.txt", "r+");
    char line[32];
    fseek(file, 7 * 10, SEEK_SET);
    printf("%s", fgets(line, sizeof line, file));
    say("truncate", ftruncate(fileno(file), 7));
    fclose(file);
    say("symlink", symlink("two.txt", "/box/a/link"));
    list("/box/a");
    say("rmdir of what is not empty", rmdir("/box/a"));
    say("open ..", open("/box/../box/../etc", O_RDONLY) < 0 ? -1 : 0);
    say("symlink to /", symlink("/", "/box/a/root"));
    say("symlink to ../..", symlink("../..", "/box/a/up"));
    say("open through it", open("/box/a/up/x", O_RDONLY) < 0 ? -1 : 0);
    say("unlink", unlink("/box/a/up"));
    say("unlink", unlink("/box/a/link"));
    say("unlink", unlink("/box/a/two.txt"));
    say("rmdir", rmdir("/box/a"));
    list("/box");
    return 0;
}
