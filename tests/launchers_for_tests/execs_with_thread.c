/* A launcher with a second thread that replaces itself by the command, as each such program of Go does. Its handler ends
 * the process by the default action, on whichever thread it runs. */
#include <pthread.h>
#include <semaphore.h>
#include <signal.h>
#include <unistd.h>

static sem_t ready, never;

static void end_by(int number) {
    signal(number, SIG_DFL);
    raise(number);
}

static void *wait_for_ever(void *unused) {
    sem_post(&ready);
    for (;;)
        sem_wait(&never);
    return unused;
}

int main(int argc, char **argv) {
    pthread_t other;
    (void)argc;
    sem_init(&ready, 0, 0);
    sem_init(&never, 0, 0);
    signal(SIGTERM, end_by);
    pthread_create(&other, NULL, wait_for_ever, NULL);
    sem_wait(&ready);
    execv(argv[1], argv + 1);
    return 127;
}
