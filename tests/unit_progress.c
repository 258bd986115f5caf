/* bench/race/progress: what it says leaves the reason of a failure alone.
 */
#include "bench/race/progress.h"

#include <criterion/criterion.h>
#include <criterion/redirect.h>
#include <errno.h>

Test(progress, leaves_errno_alone, .timeout = 20)
{
    struct progress progress;

    cr_redirect_stderr(); /* no terminal: isatty() and ioctl() fail */
    for (int terminal = 0; terminal < 2; terminal++) {
        errno = EIO;
        progress_begin(&progress, 10);
        cr_assert_eq(errno, EIO, "begin: %d", errno);
        progress.terminal = terminal;
        progress_show(&progress, "clients, x = 1");
        cr_assert_eq(errno, EIO, "show: %d", errno);
        progress_say(&progress, "a line");
        cr_assert_eq(errno, EIO, "say: %d", errno);
        progress_end(&progress);
        cr_assert_eq(errno, EIO, "end: %d", errno);
    }
}
