// Counts words of standard input: stdio, malloc, sorting.
// zig cc -target wasm32-wasi -Os -s words.c -o words.wasm
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct word {
    char *text;
    int n;
};

static int by_count(const void *a, const void *b) {
    const struct word *x = a, *y = b;
    return x->n != y->n ? y->n - x->n : strcmp(x->text, y->text);
}

int main(int argc, char **argv) {
    struct word *words = NULL;
    size_t n_words = 0, room = 0;
    char text[64];
    size_t length = 0;
    int c;
    do {
        c = getchar();
        if (c != EOF && isalpha(c)) {
            if (length + 1 < sizeof text) text[length++] = (char)tolower(c);
            continue;
        }
        if (length == 0) continue;
        text[length] = 0;
        length = 0;
        size_t i = 0;
        while (i < n_words && strcmp(words[i].text, text) != 0) i++;
        if (i == n_words) {
            if (n_words == room) {
                room = room ? room * 2 : 4;
                words = realloc(words, room * sizeof *words);
            }
            words[n_words++] = (struct word){strdup(text), 0};
        }
        words[i].n++;
    } while (c != EOF);
    qsort(words, n_words, sizeof *words, by_count);
    size_t shown = argc > 1 ? strtoul(argv[1], NULL, 10) : n_words;
    for (size_t i = 0; i < n_words && i < shown; i++) printf("%4d %s\n", words[i].n, words[i].text);
    return n_words == 0;
}
