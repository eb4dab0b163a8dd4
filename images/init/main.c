/* PID 1 of the enclave: one table of steps, each taken once and in order; after a failure, or when the enclave's
 * supervisor has ended for whatever reason, the machine restarts. Nothing is restarted in place: keys, Kubernetes and
 * the registration live and die together, and the launcher outside counts and waits between two lives.
 *
 * It takes no parameters, reads nothing that the parent says but the answer to the heartbeat, and holds no secret.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/reboot.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/reboot.h>
#include <unistd.h>

#include "init.h"

enum state { DEVICES, PARENT, ROOT, MOUNTS, ENTROPY, CLOCK, NETWORK, ENCLAVE, RESTART };

static const struct row {
	enum state state;
	const char *name;
	int (*step)(void);
	enum state done, failed;
} table[] = {
	{DEVICES, "devices", early_devices, PARENT, RESTART},
	{PARENT, "parent", find_parent, ROOT, RESTART},
	{ROOT, "root", leave_initramfs, MOUNTS, RESTART},
	{MOUNTS, "mounts", own_mounts, ENTROPY, RESTART},
	{ENTROPY, "entropy", check_entropy, CLOCK, RESTART},
	{CLOCK, "clock", set_clock, NETWORK, RESTART},
	{NETWORK, "network", set_up_network, ENCLAVE, RESTART},
	{ENCLAVE, "enclave", run_enclave, RESTART, RESTART},
};

static const unsigned last_words_seconds = 1;

void tell(const char *format, ...)
{
	char line[256];
	va_list arguments;
	int prefix = snprintf(line, sizeof line, "init: ");
	va_start(arguments, format);
	vsnprintf(line + prefix, sizeof line - (size_t)prefix - 1, format, arguments);
	va_end(arguments);
	strcat(line, "\n");
	if (write(STDERR_FILENO, line, strlen(line)) < 0)
		return; /* there is nobody else to tell */
}

int failed(const char *what)
{
	tell("%s: %s", what, strerror(errno));
	return -1;
}

int read_line(const char *path, char *text, size_t room)
{
	int file = open(path, O_RDONLY | O_CLOEXEC);
	if (file < 0)
		return -1;
	ssize_t length = read(file, text, room - 1);
	close(file);
	if (length < 0)
		return -1;
	while (length > 0 && (text[length - 1] == '\n' || text[length - 1] == '\0'))
		length--;
	text[length] = '\0';
	return (int)length;
}

int main(void)
{
	enum state state = DEVICES;
	while (state != RESTART) {
		const struct row *row = &table[state];
		if (row->state != state)
			break;
		int result = row->step();
		if (result != 0)
			tell("%s failed", row->name);
		state = result == 0 ? row->done : row->failed;
	}
	tell("restart");
	sync();
	sleep(last_words_seconds);
	reboot(LINUX_REBOOT_CMD_RESTART);
	return 1; /* PID 1 that ends is a panic, which restarts too */
}
