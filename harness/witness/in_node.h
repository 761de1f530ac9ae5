/* The witness in the process of a Node program (harness/witness/node), as an add-on for Node-API.
 *
 * The declarations that it needs are here, so that neither the headers of Node nor its version matter: Node-API is a
 * stable C interface (https://nodejs.org/api/n-api.html), and node itself has these functions. Included by witness.c.
 */
typedef struct napi_env__ *napi_env;
typedef struct napi_value__ *napi_value;
typedef struct napi_callback_info__ *napi_callback_info;
typedef napi_value (*napi_callback)(napi_env, napi_callback_info);
typedef int napi_status; /* an enum; 0 is napi_ok */

extern napi_status napi_create_function(napi_env, const char *, size_t, napi_callback, void *, napi_value *);
extern napi_status napi_set_named_property(napi_env, napi_value, const char *, napi_value);
extern napi_status napi_get_cb_info(napi_env, napi_callback_info, size_t *, napi_value *, napi_value *, void **);
extern napi_status napi_get_buffer_info(napi_env, napi_value, void **, size_t *);
extern napi_status napi_get_undefined(napi_env, napi_value *);
extern napi_status napi_create_string_utf8(napi_env, const char *, size_t, napi_value *);
extern napi_status napi_create_uint32(napi_env, uint32_t, napi_value *);
extern napi_status napi_call_function(napi_env, napi_value, napi_value, size_t, const napi_value *, napi_value *);
extern napi_status napi_get_element(napi_env, napi_value, uint32_t, napi_value *);
extern napi_status napi_get_value_int64(napi_env, napi_value, int64_t *);
extern napi_status napi_get_value_string_utf8(napi_env, napi_value, char *, size_t, size_t *);
extern napi_status napi_get_and_clear_last_exception(napi_env, napi_value *);

static napi_env node;
static napi_value node_performs;

/* Has JavaScript carry out an order: it returns [errno, count, text]. */
static int perform_in_node(const char *order, int64_t *count, char *text, size_t size) {
    napi_value line, undefined, answer, part;
    int64_t error = EINVAL;
    napi_get_undefined(node, &undefined);
    if (napi_create_string_utf8(node, order, strlen(order), &line) ||
        napi_call_function(node, undefined, node_performs, 1, &line, &answer)) {
        napi_get_and_clear_last_exception(node, &part);
        snprintf(text, size, "the tool could not carry out the order");
        return EINVAL;
    }
    napi_get_element(node, answer, 0, &part);
    napi_get_value_int64(node, part, &error);
    napi_get_element(node, answer, 1, &part);
    napi_get_value_int64(node, part, count);
    napi_get_element(node, answer, 2, &part);
    napi_get_value_string_utf8(node, part, text, size, NULL);
    return (int)error;
}

#ifdef __linux__
#include <poll.h>
#include <ucontext.h>

static int masked[2]; /* a pipe: a byte for each thread that blocks all signals now */

static int blocks_urgent(int thread) {
    char path[64], line[128];
    unsigned long long blocked = 0;
    snprintf(path, sizeof path, "/proc/self/task/%d/status", thread);
    FILE *file = fopen(path, "re");
    while (file && fgets(line, sizeof line, file))
        if (sscanf(line, "SigBlk: %llx", &blocked) == 1)
            break;
    if (file)
        fclose(file);
    return (int)(blocked >> (SIGURG - 1) & 1);
}

static void on_mask(int number, siginfo_t *info, void *context) {
    (void)number, (void)info;
    sigfillset(&((ucontext_t *)context)->uc_sigmask); /* the mask that the thread has when this handler returns */
    if (write(masked[1], "", 1) < 0)
        return;
}

/* Makes the other threads block all signals. Node's threads block none, so the kernel could choose one of them while the
 * main thread is between two waits; but only the main thread may write reports. A thread can only change its own mask:
 * so each is sent a signal whose handler does. Passing signals on to the main thread was tried: rt_tgsigqueueinfo(2)
 * refuses a si_code of the kernel or of kill(2) for another thread. That of the inspector blocks all
 * signals from its start. */
static void mask_other_threads(void) {
    struct sigaction mask, before;
    struct dirent *entry;
    int sent = 0;
    DIR *dir = opendir("/proc/self/task");
    memset(&mask, 0, sizeof mask);
    sigfillset(&mask.sa_mask);
    mask.sa_flags = SA_SIGINFO | SA_RESTART;
    mask.sa_sigaction = on_mask;
    if (!dir || pipe2(masked, O_CLOEXEC) < 0 || sigaction(SIGURG, &mask, &before) < 0)
        die("the threads of Node");
    while ((entry = readdir(dir)) != NULL) {
        int thread = atoi(entry->d_name);
        if (thread > 0 && thread != getpid() && !blocks_urgent(thread))
            sent += syscall(SYS_tgkill, getpid(), thread, SIGURG) == 0;
    }
    closedir(dir);
    struct pollfd ready = {masked[0], POLLIN, 0};
    for (char byte; sent > 0 && poll(&ready, 1, 5000) > 0; sent--)
        if (read(masked[0], &byte, 1) < 0)
            break;
    sigaction(SIGURG, &before, NULL);
    close(masked[0]), close(masked[1]);
}
#else
static void mask_other_threads(void) {}
#endif

/* serve(words, perform): serves the harness, and does not return. words: the command line as /proc has it, from the
 * path of the program on. */
static napi_value serve_in_node(napi_env env, napi_callback_info info) {
    static char *argv[4096];
    napi_value given[2];
    size_t count = 2, length = 0, argc = 0;
    void *data = NULL;
    node = env;
    if (napi_get_cb_info(env, info, &count, given, NULL, NULL) || napi_get_buffer_info(env, given[0], &data, &length))
        die("the arguments of serve()");
    char *words = malloc(length + 1);
    if (!words)
        die("malloc");
    memcpy(words, data, length);
    words[length] = 0;
    for (char *word = words; word < words + length && argc + 1 < sizeof argv / sizeof *argv; word += strlen(word) + 1)
        argv[argc++] = word;
    mask_other_threads();
    node_performs = given[1];
    perform = perform_in_node;
    witness((int)argc, argv);
}

/* crc32(data): the CRC-32 of a buffer. Older versions of Node have no function for it. */
static napi_value crc32_in_node(napi_env env, napi_callback_info info) {
    napi_value given, result = NULL;
    size_t count = 1, length = 0;
    void *data = NULL;
    if (!napi_get_cb_info(env, info, &count, &given, NULL, NULL) && !napi_get_buffer_info(env, given, &data, &length))
        napi_create_uint32(env, crc32_of(0, data, length), &result);
    return result;
}

/* Node calls this when it loads the add-on. */
__attribute__((visibility("default"))) napi_value napi_register_module_v1(napi_env env, napi_value exports) {
    napi_value function;
    napi_create_function(env, "serve", 5, serve_in_node, NULL, &function);
    napi_set_named_property(env, exports, "serve", function);
    napi_create_function(env, "crc32", 5, crc32_in_node, NULL, &function);
    napi_set_named_property(env, exports, "crc32", function);
    return exports;
}
