/*
 * What happened, for the lecture notes: the terminal's bytes over time in
 * asciinema's format (asciicast v2), and spans of time in Chrome's trace
 * format, which Perfetto shows.
 */
#ifndef DEMO_RECORD_H
#define DEMO_RECORD_H

#include "demo/story.h"

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

/*
 * Begins a recording.
 *
 * title    borrowed
 * Returns  a file, to be ended by record_close(); or NULL with errno.
 */
FILE *record_open(const char *path, int width, int height,
                  const char *title);

/*
 * Adds an event: what a terminal is sent ("o"), or its new size ("r",
 * "80x24").
 *
 * at_ns    since the recording began
 * data     n bytes of whole UTF-8 characters
 */
void record_event(FILE *file, uint64_t at_ns, const char *kind,
                  const char *data, size_t n);

/* Returns 0, or -1 with errno when not all could be written. */
int record_close(FILE *file);

/* A trace being written. */
struct trace;

/*
 * Begins a trace. Its first event is written when the first span ends.
 *
 * Returns  the trace, to be ended by trace_close(); or NULL with errno.
 */
struct trace *trace_open(const char *path);

/*
 * Looks at the story after each sample: a span ends where a client's state
 * or a task's system call is another than before.
 *
 * at_ns    since the start, on the clock and not in scene time
 */
void trace_sample(struct trace *trace, const struct story *story,
                  uint64_t at_ns);

/*
 * Ends all spans: the servers are about to change. at_ns as above.
 */
void trace_flush(struct trace *trace, uint64_t at_ns);

/* Returns 0, or -1 with errno when not all could be written. */
int trace_close(struct trace *trace, uint64_t at_ns);

#endif
