/* No key before there is randomness of the hypervisor's device: it has to be the kernel's source, and the kernel seeded. */
#include <stdint.h>
#include <string.h>
#include <sys/random.h>

#include "init.h"

static const char *const wanted = "nsm-hwrng";

int check_entropy(void)
{
	char current[64];
	uint8_t byte;
	if (read_line("/sys/class/misc/hw_random/rng_current", current, sizeof current) < 0)
		return failed("the kernel's source of randomness");
	if (strcmp(current, wanted) != 0) {
		tell("the kernel's source of randomness is not the NSM");
		return -1;
	}
	/* Waits until the kernel is seeded. */
	return getrandom(&byte, 1, 0) == 1 ? 0 : failed("getrandom");
}
