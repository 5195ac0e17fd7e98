/* SPDX-License-Identifier: MIT */
/*
 * A board's watchdog, where the policy says watchdog=yes: from before the
 * store is waited for, it resets what hangs. It is never disarmed (no magic
 * close): after the hand-off it is the system's to open and to pet.
 */
#include "boot/boot.h"

#include <linux/watchdog.h>
#include <time.h>

static int device = -1;
static time_t petted;

int watchdog_open(void)
{
	device = open("/dev/watchdog", O_WRONLY | O_CLOEXEC);
	return device < 0 ? -1 : 0;
}

void watchdog_pet(void)
{
	time_t second = time(NULL);

	if (device >= 0 && second != petted)
		ioctl(device, WDIOC_KEEPALIVE, 0);
	petted = second;
}
