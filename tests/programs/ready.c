// Sorts a list of words once, ahead of time, and looks words up in it: malloc, sorting with function pointers, stdio.
// zig cc -target wasm32-wasi -Os -s ready.c -o ready.wasm
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static char **words;
static int n_words, n_runs;

static int by_name(const void *a, const void *b) {
    return strcmp(*(char *const *)a, *(char *const *)b);
}

__attribute__((export_name("wizer-initialize"))) void initialize(void) {
    char text[100];
    FILE *file = fopen("sea.text", "r");
    while (file && fscanf(file, "%99s", text) == 1) {
        words = realloc(words, (n_words + 1) * sizeof *words);
        words[n_words++] = strdup(text);
    }
    if (file)
        fclose(file);
    qsort(words, n_words, sizeof *words, by_name);
    n_runs++;
}

int main(int argc, char **argv) {
    if (!n_runs)
        initialize();
    printf("%d words, initialized %d time(s)\n", n_words, n_runs);
    for (int i = 1; i < argc; i++)
        printf("%s: %s\n", argv[i],
               words && bsearch(&argv[i], words, n_words, sizeof *words, by_name) ? "there" : "not there");
    return 0;
}
