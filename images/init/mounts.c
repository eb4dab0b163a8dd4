/* What is mounted where: once on the initramfs for the console, and anew on the enclave's own root. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include "init.h"

#define PLAIN (MS_NOSUID | MS_NODEV)

static const struct {
	const char *kind, *place, *options;
	unsigned long flags;
} mounts[] = {
	{"proc", "/proc", "hidepid=2", PLAIN | MS_NOEXEC},
	{"sysfs", "/sys", NULL, PLAIN | MS_NOEXEC},
	{"cgroup2", "/sys/fs/cgroup", NULL, PLAIN | MS_NOEXEC},
	{"devtmpfs", "/dev", "mode=755", MS_NOSUID | MS_NOEXEC},
	{"devpts", "/dev/pts", "ptmxmode=666,mode=620,gid=5", MS_NOSUID | MS_NOEXEC},
	{"tmpfs", "/dev/shm", "size=64m,mode=1777", PLAIN},
	{"tmpfs", "/run", "size=64m,mode=755", PLAIN},
	{"tmpfs", "/tmp", "size=256m,mode=1777", PLAIN},
	{"tmpfs", "/var", "size=1g,mode=755", PLAIN},
};

static const char *const controllers = "+cpu +cpuset +memory +pids";

int early_devices(void)
{
	umask(022);
	mkdir("/dev", 0755);
	if (mount("devtmpfs", "/dev", "devtmpfs", MS_NOSUID | MS_NOEXEC, "mode=755") != 0)
		return failed("mount /dev");
	int console = open("/dev/console", O_RDWR | O_NOCTTY);
	if (console >= 0) {
		for (int target = 0; target < 3; target++)
			dup2(console, target);
		if (console > 2)
			close(console);
	}
	tell("begins");
	return 0;
}

static int write_text(const char *path, const char *text)
{
	int file = open(path, O_WRONLY | O_CLOEXEC);
	if (file < 0)
		return failed(path);
	ssize_t written = write(file, text, strlen(text));
	close(file);
	return written == (ssize_t)strlen(text) ? 0 : failed(path);
}

int own_mounts(void)
{
	for (size_t at = 0; at < sizeof mounts / sizeof *mounts; at++) {
		/* Folders of the root itself are part of the image; those on other mounts are made here. */
		mkdir(mounts[at].place, 0755);
		if (mount(mounts[at].kind, mounts[at].place, mounts[at].kind, mounts[at].flags, mounts[at].options) != 0)
			return failed(mounts[at].place);
	}
	if (mkdir("/var/lib", 0755) != 0)
		return failed("/var/lib");
	if (symlink("/proc/self/fd", "/dev/fd") != 0 && errno != EEXIST)
		return failed("/dev/fd");
	if (write_text("/sys/fs/cgroup/cgroup.subtree_control", controllers) != 0)
		return -1;
	if (mount(NULL, "/", NULL, MS_REMOUNT | MS_RDONLY | PLAIN, NULL) != 0)
		return failed("read-only root");
	return 0;
}
