// Arithmetic whose printed result is known: 64-bit integers, floats, tables of functions, vectors.
// zig cc -target wasm32-wasi -O2 -s -msimd128 numbers.c -lm -o numbers.wasm
#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

static uint64_t hash(const void *data, size_t n) {
    uint64_t h = 0xcbf29ce484222325u;
    for (const unsigned char *p = data; n--; p++) h = (h ^ *p) * 0x100000001b3u;
    return h;
}

static double twice(double x) { return x * 2; }
static double half(double x) { return x / 2; }
static double (*const functions[])(double) = {sin, cos, sqrt, floor, twice, half};

static void mandelbrot(void) {
    for (int y = 0; y < 12; y++) {
        char line[41] = {0};
        for (int x = 0; x < 40; x++) {
            double cr = x / 16.0 - 2, ci = y / 6.0 - 1, r = 0, i = 0;
            int n = 0;
            for (; n < 99 && r * r + i * i < 4; n++) {
                double next = r * r - i * i + cr;
                i = 2 * r * i + ci;
                r = next;
            }
            line[x] = " .:-=+*#%@"[n / 10];
        }
        puts(line);
    }
}

int main(void) {
    static uint32_t sieve[1 << 16];
    int n_primes = 0;
    for (uint32_t i = 2; i < 1 << 16; i++) {
        if (sieve[i]) continue;
        n_primes++;
        for (uint32_t j = 2 * i; j < 1 << 16; j += i) sieve[j] = i;
    }
    printf("primes below 65536: %d\n", n_primes);
    printf("hash of the sieve: %016llx\n", (unsigned long long)hash(sieve, sizeof sieve));
    static float a[1024], b[1024];
    for (int i = 0; i < 1024; i++) a[i] = (float)i, b[i] = (float)(1024 - i);
    for (int round = 0; round < 100; round++)
        for (int i = 0; i < 1024; i++) a[i] = a[i] * 0.5f + b[i] * 0.25f;
    printf("hash of the vectors: %016llx\n", (unsigned long long)hash(a, sizeof a));
    double x = 1.5;
    for (int i = 0; i < 24; i++) x = functions[i % 6](x) + 1;
    printf("functions: %.17g\n", x);
    uint64_t u = 0x0123456789abcdefu;
    for (int i = 0; i < 64; i++) u = (u << (i & 63) | u >> (-i & 63)) * 6364136223846793005u / (i + 3);
    printf("64 bits: %llu %lld\n", (unsigned long long)u, (long long)(int64_t)u % 1000003);
    printf("%g %g %g %.3e\n", 0.1 + 0.2, 1e308 * 10, -INFINITY, 5e-324);
    mandelbrot();
    return 0;
}
