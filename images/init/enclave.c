/* Starts the enclave's supervisor with no more rights than it hands on; reaps, and keeps the clock, until it ends. */
#include <errno.h>
#include <linux/capability.h>
#include <signal.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "init.h"

#define CODE "/opt/k3s-daas/code"
#define PACKAGES "/opt/k3s-daas/packages"

/* To give children their uids and folders, and nothing else. */
static const unsigned needed = 1U << CAP_CHOWN | 1U << CAP_DAC_OVERRIDE | 1U << CAP_FOWNER | 1U << CAP_FSETID |
			       1U << CAP_KILL | 1U << CAP_SETGID | 1U << CAP_SETUID | 1U << CAP_SETPCAP;

static const struct timespec clock_turn = {.tv_sec = 20};

static sigset_t children;

static int drop_rights(void)
{
	struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
	struct __user_cap_data_struct rights[2] = {{.effective = needed, .permitted = needed}};
	for (unsigned number = 0; number <= CAP_LAST_CAP; number++) {
		if ((number < 32 && (needed >> number & 1) != 0) || prctl(PR_CAPBSET_DROP, number, 0, 0, 0) == 0)
			continue;
		if (errno != EINVAL)
			return -1;
	}
	return (int)syscall(SYS_capset, &header, rights);
}

static void become_enclave(void)
{
	char vsock[64];
	snprintf(vsock, sizeof vsock, "K3S_DAAS_VSOCK=vsock:%u", parent_cid);
	char *const command[] = {"/usr/bin/python3.11", "-s", "-m", "enclave", "--nsm", "/dev/nsm", NULL};
	char *const environment[] = {
		"PATH=/usr/bin:/bin", "LANG=C.UTF-8", "HOME=/tmp", "PYTHONPATH=" CODE ":" PACKAGES,
		"PYTHONDONTWRITEBYTECODE=1", "K3S_DAAS_KUBERNETES=/opt/k3s-daas/k3s", vsock, NULL,
	};
	setsid();
	umask(077);
	sigprocmask(SIG_UNBLOCK, &children, NULL);
	if (chdir(CODE) != 0 || drop_rights() != 0) {
		failed("the enclave's rights");
		_exit(1);
	}
	execve(command[0], command, environment);
	failed(command[0]);
	_exit(1);
}

/* Tells how the supervisor ended; 0 if it was asked to. */
static int told_end(int status)
{
	if (WIFEXITED(status))
		tell("the enclave ended with code %d", WEXITSTATUS(status));
	else
		tell("the enclave was ended by signal %d", WTERMSIG(status));
	return WIFEXITED(status) && WEXITSTATUS(status) == 0 ? 0 : -1;
}

int run_enclave(void)
{
	/* The key broker alone uses the device; the supervisor asks it once for randomness before. */
	if (chown("/dev/nsm", BROKER_UID, BROKER_UID) != 0 || chmod("/dev/nsm", 0600) != 0)
		return failed("/dev/nsm");
	sigemptyset(&children);
	sigaddset(&children, SIGCHLD);
	sigprocmask(SIG_BLOCK, &children, NULL);
	pid_t enclave = fork();
	if (enclave < 0)
		return failed("fork");
	if (enclave == 0)
		become_enclave();
	for (;;) {
		int status;
		pid_t ended = waitpid(-1, &status, WNOHANG);
		if (ended < 0)
			return failed("wait");
		if (ended == enclave)
			return told_end(status);
		if (ended == 0 && sigtimedwait(&children, NULL, &clock_turn) < 0 && errno == EAGAIN)
			keep_clock();
	}
}
