#include "tests/contract.h"

/* The contract's words; docs/reference.md shows this table. */
const char *const promises[PROMISES] = {
    [P1] =
        "It listens on the port that it was given, and on several where "
        "the model can wait for several; where it can't, the error names "
        "the models that can. Port 0: the kernel chooses. Unless --host "
        "says otherwise, nobody outside this machine can connect.",
    [P2] = "When it can be connected to, it prints one line for each port "
           "on stdout and flushes: `listening 127.0.0.1:PORT`. Everything "
           "else goes to stderr.",
    [P3] = "Every byte that a client sends comes back, in order, whatever "
           "its value, in however many pieces it comes and whenever the "
           "client reads. A byte of urgent data is a byte in its place.",
    [P4] = "After the client's end of stream, what is left comes back "
           "first; then the server ends its stream, too.",
    [P5] = "Each client gets its own bytes and nobody else's. One client's "
           "fault costs that client alone.",
    [P6] = "Whatever one client does or leaves undone, the others are "
           "served, each in its turn.",
    [P7] = "A client that does not read is not read from: the memory that "
           "it takes is bounded.",
    [P8] = "A client that says nothing costs no CPU time. With "
           "--idle-timeout, a client that neither sends nor takes a byte "
           "for so long is closed; no other one is ever closed for its "
           "silence.",
    [P9] = "Of clients that have left nothing is left: no zombie, process, "
           "thread, descriptor or memory.",
    [P10] = "At a limit (descriptors, processes, threads, memory, "
            "--max-clients) newcomers wait or are closed at once. The "
            "server neither dies nor spins, and it serves newcomers again "
            "when a client has left.",
    [P11] = "At SIGTERM or SIGINT it lets nobody else in: a newcomer is "
            "refused, at once or when its TCP tries again. It echoes what "
            "has arrived, from clients in its queue, too, ends each stream "
            "and never resets one, leaves no process behind and exits with "
            "0.",
    [P12] = "What has not finished --drain-ms after the signal is cut, and "
            "then it says how many and exits with 1.",
    [P13] = "SIGHUP ends it and all that it started, unless it was started "
            "with that ignored. A pause (SIGSTOP, SIGCONT) and any other "
            "signal make no difference.",
    [P14] =
        "A system call that fails for no fault of a client costs nobody "
        "anything, or is a limit; one that fails for a client costs "
        "that client alone.",
    [P15] = "A process or a thread of it that is killed is replaced, and "
            "costs its own clients alone. When its main process is killed, "
            "nothing of it keeps the port, and it can be started again at "
            "once.",
    [P16] = "What it could not do is said with the system's reason, and "
            "status 1. Bad options are refused with status 2, the option, "
            "the value and what would be accepted. --help and --version "
            "print to stdout.",
};
