/* Off the initramfs: the root file system moves, file by file, to a tmpfs that becomes the root.
 * A process on the initramfs could never pivot away from it; and what is moved file by file needs the memory of the
 * largest file twice, not that of everything.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <unistd.h>

#include "init.h"

#define DEEPEST 32

static const size_t piece = 1 << 20;

static int move_folder(int from, int to, int depth);

static int move_file(int from, int to, const char *name, const struct stat *facts)
{
	int source = openat(from, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	if (source < 0)
		return failed(name);
	int target = openat(to, name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	int result = target < 0 ? failed(name) : 0;
	off_t left = facts->st_size;
	while (result == 0 && left > 0) {
		ssize_t sent = sendfile(target, source, NULL, (size_t)left < piece ? (size_t)left : piece);
		if (sent <= 0)
			result = failed(name);
		else
			left -= sent;
	}
	if (result == 0 && (fchown(target, facts->st_uid, facts->st_gid) != 0 || fchmod(target, facts->st_mode & 07777) != 0))
		result = failed(name);
	if (target >= 0)
		close(target);
	close(source);
	return result == 0 && unlinkat(from, name, 0) != 0 ? failed(name) : result;
}

static int move_link(int from, int to, const char *name)
{
	char text[4096];
	ssize_t length = readlinkat(from, name, text, sizeof text - 1);
	if (length < 0)
		return failed(name);
	text[length] = '\0';
	if (symlinkat(text, to, name) != 0 || unlinkat(from, name, 0) != 0)
		return failed(name);
	return 0;
}

static int move_inside(int from, int to, const char *name, const struct stat *facts, int depth)
{
	if (mkdirat(to, name, 0700) != 0)
		return failed(name);
	int source = openat(from, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
	int target = openat(to, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
	int result = source < 0 || target < 0 ? failed(name) : move_folder(source, target, depth + 1);
	if (result == 0 &&
	    (fchown(target, facts->st_uid, facts->st_gid) != 0 || fchmod(target, facts->st_mode & 07777) != 0))
		result = failed(name);
	if (target >= 0)
		close(target);
	if (source >= 0 && result != 0)
		close(source);
	return result == 0 && unlinkat(from, name, AT_REMOVEDIR) != 0 ? failed(name) : result;
}

/* Moves what is in `from`, which it closes, to `to`. */
static int move_folder(int from, int to, int depth)
{
	DIR *folder = depth < DEEPEST ? fdopendir(from) : NULL;
	if (folder == NULL) {
		close(from);
		return failed("a folder of the image");
	}
	int result = 0;
	while (result == 0) {
		errno = 0;
		struct dirent *entry = readdir(folder);
		if (entry == NULL) {
			result = errno != 0 ? failed("a folder of the image") : 0;
			break;
		}
		const char *name = entry->d_name;
		struct stat facts;
		if (strcmp(name, ".") == 0 || strcmp(name, "..") == 0)
			continue;
		if (fstatat(from, name, &facts, AT_SYMLINK_NOFOLLOW) != 0)
			result = failed(name);
		else if (S_ISDIR(facts.st_mode))
			result = move_inside(from, to, name, &facts, depth);
		else if (S_ISLNK(facts.st_mode))
			result = move_link(from, to, name);
		else if (S_ISREG(facts.st_mode))
			result = move_file(from, to, name, &facts);
		else {
			tell("%s is neither file, folder nor link", name);
			result = -1;
		}
	}
	closedir(folder);
	return result;
}

int leave_initramfs(void)
{
	if (mkdir("/new", 0755) != 0 && errno != EEXIST)
		return failed("/new");
	if (mount("tmpfs", "/new", "tmpfs", MS_NOSUID | MS_NODEV, "size=75%,mode=755") != 0)
		return failed("mount of the root");
	int from = open("/rootfs", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	int to = open("/new", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (from < 0 || to < 0)
		return failed("/rootfs");
	if (move_folder(from, to, 0) != 0)
		return -1;
	close(to);
	/* What is left below the new root is empty; console and this program stay open without a name. */
	rmdir("/rootfs");
	unlink("/init");
	if (umount2("/dev", MNT_DETACH) != 0)
		return failed("/dev");
	if (chdir("/new") != 0 || mount(".", "/", NULL, MS_MOVE, NULL) != 0 || chroot(".") != 0 || chdir("/") != 0)
		return failed("the new root");
	return 0;
}
