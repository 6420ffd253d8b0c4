// Threads, mutexes, condition variables and thread-local storage: eight workers share a queue of numbers and count primes.
// clang --target=wasm32-wasip1-threads -pthread -O2 -Wl,--import-memory,--export-memory,--max-memory=16777216,--strip-all pthreads.c
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

enum { WORKERS = 8, NUMBERS = 20000 };

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t more = PTHREAD_COND_INITIALIZER;
static int next_number, ready, primes;
static _Thread_local int found;

static int is_prime(int n) {
  if (n < 2) return 0;
  for (int d = 2; d * d <= n; d++)
    if (n % d == 0) return 0;
  return 1;
}

static void *work(void *arg) {
  char *buffer = malloc(1000);
  snprintf(buffer, 1000, "worker %d", *(int *)arg);
  for (;;) {
    pthread_mutex_lock(&lock);
    while (!ready) pthread_cond_wait(&more, &lock);
    int from = next_number;
    next_number += 100;
    pthread_mutex_unlock(&lock);
    if (from >= NUMBERS) break;
    for (int n = from; n < from + 100; n++) found += is_prime(n);
  }
  pthread_mutex_lock(&lock);
  primes += found;
  pthread_mutex_unlock(&lock);
  free(buffer);
  return (void *)(long)(found >= 0);
}

int main(void) {
  pthread_t threads[WORKERS];
  int ids[WORKERS], ended = 0;
  for (int i = 0; i < WORKERS; i++) {
    ids[i] = i;
    if (pthread_create(&threads[i], NULL, work, &ids[i])) return 2;
  }
  pthread_mutex_lock(&lock);
  ready = 1;
  pthread_cond_broadcast(&more);
  pthread_mutex_unlock(&lock);
  for (int i = 0; i < WORKERS; i++) {
    void *result;
    if (pthread_join(threads[i], &result)) return 3;
    ended += (int)(long)result;
  }
  printf("%d workers found %d primes below %d\n", ended, primes, NUMBERS);
  return primes == 2262 ? 0 : 1;
}
