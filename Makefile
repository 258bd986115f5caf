# `make help` says what there is. One Makefile, and the tree is the list:
# a file with a main() is a program, a server is one that uses the echo.

CC ?= cc
CFLAGS ?= -O2 -g
comma := ,
empty :=
space := $(empty) $(empty)
# make SAN=address,undefined (or SAN=thread) builds beside, in a folder of
# its own. CI sets WERROR=1.
BUILD := build$(if $(SAN),/$(subst $(comma),-,$(SAN)))
$(if $(word 2,$(BUILD)),$(error BUILD=$(BUILD): make takes a blank for the \
  end of a name; a path without blanks is accepted))
# What a user gives, as one word for the shell, whatever is in it.
quote = '$(subst ','\'',$(1))'
quote_words = $(foreach word,$(1),$(call quote,$(word)))

ROOMS := iterative forking threading timeout_poll select epoll
# Programs with a library of their own: the header that shows whether it is
# there, and how to link it. Where it is missing, the program is left out,
# and what it alone is made of.
EXTRAS := epoll/uring|liburing.h|-luring \
  select/chat|unistr.h|-lunistring select/name|unistr.h \
  tests/unit_name|unistr.h \
  bench/peers/libuv|uv.h|-luv \
  bench/peers/libevent|event2/bufferevent.h|-levent_core \
  bench/peers/libev|ev.h|-lev
part = $(word $(1),$(subst |, ,$(2)))
lacks = $(shell $(CC) $(CPPFLAGS) -E -include $(call part,2,$(1)) -x c \
  /dev/null >/dev/null 2>&1 || echo $(call part,1,$(1)))
LACKING := $(strip $(foreach extra,$(EXTRAS),$(call lacks,$(extra))))

FUZZERS := $(wildcard tests/fuzz_*.c)
PRELOADS := $(wildcard tests/preload_*.c)
SOURCES := $(filter-out $(LACKING:=.c) $(FUZZERS) $(PRELOADS),$(wildcard \
  $(ROOMS:=/*.c) common/*.c common/*/*.c bench/*.c bench/*/*.c tests/*.c \
  demo/*.c))
MAINS := $(shell grep -l '^int main\b' $(SOURCES))
SUITES := $(filter tests/unit%.c tests/contract%.c,$(SOURCES))
MODULES := $(filter-out $(MAINS) $(SUITES),$(SOURCES))
SERVERS := $(filter $(ROOMS:=/%),$(shell grep -l '"common/echo.h"' $(MAINS)))
# In the order of the rooms, the plainest first in each.
named := $(patsubst %/server,%,$(SERVERS:.c=))
MODELS := $(foreach room,$(ROOMS),$(filter $(room) $(room)/%,$(filter $(room),\
  $(named)) $(filter-out $(room),$(named))))
PROGRAMS := $(patsubst %.c,$(BUILD)/%,$(filter-out $(SUITES),$(MAINS)))
object = $(patsubst %.c,$(BUILD)/obj/%.o,$(1))

# Fortified functions need an optimizer.
SUITE_CPPFLAGS := -I. -D_GNU_SOURCE \
  $(if $(filter -O0,$(CFLAGS)),,-D_FORTIFY_SOURCE=3) $(CPPFLAGS)
SUITE_CFLAGS := -std=c17 -Wall -Wextra -Wpedantic -Wshadow -Wconversion \
  -Wstrict-prototypes -Wmissing-prototypes -Wvla -Wformat=2 \
  $(if $(WERROR),-Werror) -fstack-protector-strong -fstack-clash-protection \
  -fPIE -pthread \
  $(if $(SAN),-fsanitize=$(SAN) -fno-sanitize-recover=all \
    -fno-omit-frame-pointer -U_FORTIFY_SOURCE) $(CFLAGS)
SUITE_LDFLAGS := -pie -pthread -Wl,-z,relro,-z,now -Wl,--as-needed \
  $(if $(SAN),-fsanitize=$(SAN)) $(LDFLAGS)
# as needed (--as-needed)
SUITE_LDLIBS = -ljansson -lcmark-gfm-extensions -lcmark-gfm -lm $(LDLIBS)

PACKAGES := gcc libc6-dev make git libcriterion-dev gnuplot-nox \
  libjansson-dev libcmark-gfm-dev libcmark-gfm-extensions-dev liburing-dev \
  libunistring-dev libuv1-dev libevent-dev libev-dev strace tmux
DOCS_PACKAGES := pandoc help2man python3 patch
LINT_PACKAGES := clang-format clang-tidy cppcheck shellcheck
FUZZ_PACKAGES := clang libclang-rt-dev

.PHONY: help all deps test bench diff wall pairs format lint check clean contract \
  contract-san contract-valgrind faults fuzz demo pictures
.DEFAULT_GOAL := help

help: ## this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-17s  %s\n", $$1, $$2 }' \
	  $(MAKEFILE_LIST)

all: $(PROGRAMS) $(BUILD)/servers ## build everything
	@$(if $(LACKING),echo 'left out for lack of a library: $(LACKING)')

deps: ## install what is missing for all, test and bench (DEV=1, DOCS=1, FUZZ=1: more)
	@.ci/deps $(PACKAGES) $(if $(DEV),$(LINT_PACKAGES)) \
	  $(if $(DOCS),$(DOCS_PACKAGES)) $(if $(FUZZ),$(FUZZ_PACKAGES))

# --- building ---------------------------------------------------------------

$(BUILD)/obj/%.o: %.c Makefile
	@mkdir -p $(@D)
	$(CC) $(SUITE_CPPFLAGS) $(SUITE_CFLAGS) -MMD -MP -c -o $@ $<

$(BUILD)/libsuite.a: $(call object,$(MODULES))
	@rm -f $@
	ar rcs $@ $^

$(PROGRAMS): $(BUILD)/%: $(BUILD)/obj/%.o $(BUILD)/libsuite.a
	@mkdir -p $(@D)
	$(CC) $(SUITE_LDFLAGS) -o $@ $^ $(SUITE_LDLIBS)

# The suites need Criterion, which `make all` does without.
$(BUILD)/tests/unit: $(call object,$(filter tests/unit%,$(SUITES))) \
  | $(PRELOADS:%.c=$(BUILD)/%.so)
$(BUILD)/tests/contract: $(call object,$(filter tests/contract%,$(SUITES)))
$(BUILD)/tests/unit $(BUILD)/tests/contract: $(BUILD)/libsuite.a
	@mkdir -p $(@D)
	$(CC) $(SUITE_LDFLAGS) -o $@ $(filter %.o,$^) $(BUILD)/libsuite.a \
	  -lcriterion $(SUITE_LDLIBS)

ifdef SAN # for the servers; Criterion's runner does not run under all of them
.PHONY: build/tests/unit build/tests/contract
build/tests/unit build/tests/contract:
	@$(MAKE) --no-print-directory SAN= $@
endif

$(foreach extra,$(EXTRAS),$(eval $(BUILD)/$(call part,1,$(extra)): \
  LDLIBS += $(call part,3,$(extra))))
$(BUILD)/tests/unit: LDLIBS += $(if $(filter select/name,$(LACKING)),,-lunistring)

# The manifest of a run tells what the servers were built with.
$(BUILD)/obj/bench/race/manifest.o: SUITE_CPPFLAGS += \
  -DSUITE_FLAGS='"$(filter-out -D%,$(SUITE_CFLAGS))"'

# The echo servers, a name a line: what tests, benchmark and demo go through.
$(BUILD)/servers: $(SERVERS) Makefile
	@mkdir -p $(@D)
	@printf '%s\n' $(MODELS) > $@

-include $(patsubst %.o,%.d,$(call object,$(SOURCES)))

# --- testing ----------------------------------------------------------------

# No pipe after the suites: a process that a crash leaves over would hold it
# open.
run_unit = SUITE_BUILD=$(BUILD) timeout -k 10 300 build/tests/unit
run_contract = SUITE_BUILD=$(BUILD) timeout -k 10 900 build/tests/contract \
  $(if $(FILTER),--filter $(call quote,$(FILTER)))

# A make of its own builds: `make deps` may just have brought a library, and
# the tree looks different with it. So does bench/run.
test: ## run all tests
	@$(MAKE) --no-print-directory all build/tests/unit build/tests/contract
	@failed=0; $(run_unit) || failed=1; \
	  env -u SERVER $(run_contract) || failed=1; exit $$failed

contract: all build/tests/contract ## test any server: SERVER='COMMAND {port}'
	@$(run_contract)

THREADED := $(patsubst %/server,%,$(basename $(shell \
  grep -l pthread_create $(SERVERS))))

contract-san: ## run the contract over servers built with sanitizers
	@$(MAKE) contract SAN=address,undefined SERVER=
	@$(MAKE) contract SAN=thread SERVER= \
	  FILTER='@($(subst $(space),|,$(THREADED)))/*'

contract-valgrind: all build/tests/contract ## run the contract under valgrind: memcheck, helgrind
	@failed=0; BUILD=$(BUILD) tests/valgrind.sh memcheck $(MODELS) || failed=1; \
	  BUILD=$(BUILD) tests/valgrind.sh helgrind $(THREADED) || failed=1; \
	  exit $$failed

# Loaded before libc, to make its calls do what they seldom do.
$(BUILD)/tests/%.so: tests/%.c Makefile
	@mkdir -p $(@D)
	$(CC) $(SUITE_CPPFLAGS) $(SUITE_CFLAGS) -fPIC -shared -o $@ $<

# Most of a check is waiting: eight at a time. The whole matrix goes into the
# book, what was asked for apart to build/.
faults_of = $(if $(FILTER)$(SERVER),$(BUILD),docs)/faults
faults: all build/tests/contract $(PRELOADS:%.c=$(BUILD)/%.so) ## every server against every fault: FILTER='epoll/*', SERVER
	@mkdir -p $(BUILD)/faults; failed=0; \
	  FAULTS=$(faults_of) SUITE_BUILD=$(BUILD) timeout -k 10 1800 \
	  build/tests/contract --jobs 8 \
	  $(if $(FILTER),--filter $(call quote,$(FILTER))) \
	  2>$(BUILD)/faults/log || failed=1; tail -n 1 $(BUILD)/faults/log; \
	  $(if $(FILTER)$(SERVER),,docs/tools/book update || failed=1;) \
	  exit $$failed

# --- fuzzing ----------------------------------------------------------------

FUZZ_SECONDS ?= 30
# What parses the input of strangers, and files of runs that are read back;
# what else these need comes from the library.
PARSERS := common/show.c epoll/http.c select/frame.c demo/scene.c \
  common/options.c common/work.c bench/record/csv.c bench/record/row.c \
  bench/race/trace.c \
  bench/record/manifest.c bench/record/calls.c
fuzz_object = $(patsubst %.c,$(BUILD)/fuzz/obj/%.o,$(1))
FUZZ_CC = clang -g -O1 -fsanitize=$(1),address,undefined \
  -fno-sanitize-recover=all

$(BUILD)/fuzz/obj/%.o: %.c Makefile
	@mkdir -p $(@D)
	$(call FUZZ_CC,fuzzer-no-link) $(SUITE_CPPFLAGS) -U_FORTIFY_SOURCE \
	  -std=c17 -MMD -MP -c -o $@ $<

$(BUILD)/fuzz/%: $(BUILD)/fuzz/obj/tests/fuzz_%.o \
  $(call fuzz_object,$(PARSERS)) $(BUILD)/libsuite.a
	$(call FUZZ_CC,fuzzer) -pthread -o $@ $^ $(SUITE_LDLIBS)

-include $(patsubst %.o,%.d,$(call fuzz_object,$(FUZZERS) $(PARSERS)))

# What is found new goes to build/, what is kept is in tests/corpus/.
fuzz: $(FUZZERS:tests/fuzz_%.c=$(BUILD)/fuzz/%) ## random input to all parsers (FUZZ_SECONDS=30 for each)
	@set -e; for target in $^; do \
	  found=$(BUILD)/fuzz/found-$${target##*/}; mkdir -p $$found; \
	  $$target -max_total_time=$(call quote,$(FUZZ_SECONDS)) \
	    -max_len=17000 -print_final_stats=1 \
	    -artifact_prefix=$(BUILD)/fuzz/ $$found \
	    tests/corpus/$${target##*/}; done

# --- measuring --------------------------------------------------------------

bench: ## measure the models and report: make bench ARGS=--quick
	@bench/run $(ARGS)

.PHONY: load soak

load: all ## hold 10,000 connections with each model, a million with epoll
	@rm -rf $(BUILD)/load
	@bench/run --experiment held --models all --out $(BUILD)/load/held
	@bench/run --experiment million --out $(BUILD)/load/million

SOAK ?= 10min

soak: all ## random clients for each model in turn: make soak SOAK=1min MODEL=epoll
	@SUITE_BUILD=$(BUILD) $(BUILD)/tests/soak --time $(call quote,$(SOAK)) \
	  --csv $(BUILD)/soak.csv $(if $(SEED),--seed $(call quote,$(SEED))) \
	  $(call quote_words,$(MODEL))

# --- reading ----------------------------------------------------------------

A ?= iterative
B ?= forking
# The file that tells a model: forking -> forking/server.c
source = $(call quote,$(or $(wildcard $(1)/server.c),$(wildcard $(1).c),\
  $(error $(1): no such model; there are: $(MODELS))))

diff: ## what differs between two models: make diff A=iterative B=forking
	@git --no-pager diff --no-index --no-prefix --color=auto \
	  $(call source,$(A)) $(call source,$(B)) || test $$? = 1

wall: ## two models in one window, what differs marked: make wall A=select B=epoll
	@docs/tools/pairs --wall $(call quote,$(A)) $(call quote,$(B))

pairs: ## how much differs between neighbours, and how much is no lesson
	@docs/tools/pairs $(if $(KEEP),--keep)

# --- showing ----------------------------------------------------------------

SCENE ?= silent-first

demo: all ## see it live: make demo SCENE=crowd (docs/demo.md)
	@$(BUILD)/demo/demo --scene $(call quote,$(SCENE))

# SCENE, size, and a text on the screen at the moment that is wanted.
picture = COLUMNS=$(2) LINES=$(3) LC_ALL=C.UTF-8 NO_COLOR= \
  $(BUILD)/demo/demo --plain --scene $(1) --record $(BUILD)/$(1).cast \
  >/dev/null && $(BUILD)/demo/picture $(BUILD)/$(1).cast '$(4)' \
  > docs/img/demo-$(1).svg

pictures: all ## record the demo anew for README and chapters (two minutes)
	@mkdir -p docs/img
	$(call picture,silent-first,100,28,answer: nobody)
	$(call picture,crowd,84,26,9 processes)
	$(call picture,fork-storm,84,24,answer: 6)
	$(call picture,ten-ports,100,20,answer: no)
	$(call picture,cpu-work,84,16,accept queue 1)

# --- the book ---------------------------------------------------------------

.PHONY: docs figures docs-check docs-test exercises man install uninstall \
  models programs

# $(call need,COMMAND,PACKAGE...)
need = command -v $(1) >/dev/null || { echo "make $@: $(1) is missing; \
  \`make deps DOCS=1\` installs $(2)" >&2; exit 1; }

docs: all ## the book as a site in build/docs; its generated parts made anew
	@$(call need,pandoc,$(DOCS_PACKAGES))
	@docs/diagrams/draw docs/diagrams
	@docs/tools/book update
	@docs/tools/book site $(BUILD)/docs

# Few enough that a plot of all of them can be read.
FURTHER := epoll epoll/edge epoll/loops epoll/uring epoll/coroutine_server \
  select/poll forking/prefork threading/pool

figures: all ## measure anew what the book shows, in six runs (20 minutes)
	@rm -rf $(BUILD)/figures
	@bench/run --out $(BUILD)/figures/models --time 8min
	@bench/run --out $(BUILD)/figures/further --time 2min \
	  --models $(subst $(space),$(comma),$(FURTHER)) \
	  --experiment clients --experiment idle
	@bench/run --out $(BUILD)/figures/everybody --time 5min \
	  --models all --peers --experiment clients
	@bench/run --out $(BUILD)/figures/pairs --time 150s \
	  --models epoll,epoll/edge,epoll/uring \
	  --peers=bare,libev,libevent,libuv --experiment clients
	@bench/run --out $(BUILD)/figures/newcomers --time 100s --full \
	  --reference iterative --peers=bare --models \
	  iterative,forking,forking/prefork,threading,threading/pool,epoll \
	  --experiment churn
	@bench/run --out $(BUILD)/figures/cores --time 60s --full \
	  --models epoll,epoll/loops,epoll/offload,threading --experiment work
	@docs/tools/book figures $(BUILD)/figures

docs-check: all ## does the book show only what the tree has?
	@failed=0; docs/diagrams/draw --check docs/diagrams || failed=1; \
	  docs/tools/book check || failed=1; \
	  docs/tools/pairs --check || failed=1; exit $$failed

# Where what it needs is missing, it says so and passes.
docs-test: docs ## try the site in headless Chromium (node, playwright-core)
	@docs/site/test $(BUILD)

exercises: all build/tests/contract ## does the suite find each planted bug?
	@docs/exercises/check

# What works without the tree, each by its path: echo-select-chat.
PREFIX ?= /usr/local
INSTALLED := $(filter $(ROOMS:%=$(BUILD)/%/%) $(BUILD)/bench/load,$(PROGRAMS))
name_of = echo-$(subst /,-,$(patsubst %/server,%,$(1:$(BUILD)/%=%)))
NAMES := $(foreach program,$(INSTALLED),$(call name_of,$(program)))
BIN := $(call quote,$(DESTDIR)$(PREFIX)/bin)
MAN := $(call quote,$(DESTDIR)$(PREFIX)/share/man/man1)

man: all ## manual pages in build/man, made from --help
	@$(call need,help2man,$(DOCS_PACKAGES))
	@mkdir -p $(BUILD)/man
	@set -e; $(foreach program,$(INSTALLED),docs/tools/man $(program) \
	  $(call name_of,$(program)) >$(BUILD)/man/$(call name_of,$(program)).1;)

install: man ## programs and manual pages under PREFIX (and DESTDIR)
	install -d -- $(BIN) $(MAN)
	@set -e; $(foreach program,$(INSTALLED),install -m 755 -- $(program) \
	  $(BIN)/$(call name_of,$(program));)
	install -m 644 -- $(NAMES:%=$(BUILD)/man/%.1) $(MAN)

uninstall: ## take away what install put there
	rm -f -- $(foreach name,$(NAMES),$(BIN)/$(name) $(MAN)/$(name).1)

models: # the echo servers, a name a line
	@printf '%s\n' $(MODELS)

programs: # what is built, a path a line
	@printf '%s\n' $(PROGRAMS)

# --- upkeep -----------------------------------------------------------------

format: ## lay the code out by .clang-format
	clang-format -i $(SOURCES) $(wildcard */*.h */*/*.h)

SCRIPTS := .ci/run $(shell grep -lE '^\#!/bin/(ba)?sh' .ci/* bench/* demo/* \
  tests/* docs/* 2>/dev/null)

# gcc 12 reports memory that these keep in an array as leaked.
KEEPERS := demo/clients.c bench/report.c bench/race/participants.c \
  bench/race/plan.c bench/race/trace.c
leak_check = $(if $(filter $(1),$(KEEPERS)),-Wno-analyzer-malloc-leak)

# cppcheck and -fanalyzer do not understand what Criterion's macros make.
lint: ## what clang-format, clang-tidy, cppcheck, gcc and shellcheck say
	clang-format --dry-run -Werror $(SOURCES) $(wildcard */*.h */*/*.h)
	printf '%s\n' $(SOURCES) | xargs -P 2 -n 4 sh -c \
	  'clang-tidy --quiet "$$@" -- $(SUITE_CPPFLAGS) -std=c17 2>/dev/null' -
	cppcheck -q --std=c11 $(SUITE_CPPFLAGS) --inline-suppr \
	  --library=.cppcheck.cfg --suppressions-list=.cppcheck.off \
	  --enable=warning,performance,portability \
	  --error-exitcode=1 $(filter-out $(SUITES),$(SOURCES))
	@set -e; $(foreach file,$(filter-out $(SUITES),$(SOURCES)),$(CC) -std=c17 \
	  -O2 $(SUITE_CPPFLAGS) -Werror -fanalyzer $(call leak_check,$(file)) \
	  -c -o /dev/null $(file);)
	shellcheck $(sort $(SCRIPTS))

check: test lint ## all that should hold before a commit

clean: ## remove what was built
	rm -rf build
