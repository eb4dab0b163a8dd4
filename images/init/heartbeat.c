/* The heartbeat tells the hypervisor's side that the kernel is up, and tells us which CID the parent has: 3 under
 * Nitro, 2 under QEMU. The one that answers is used from then on. What the parent says else is not listened to.
 */
#include <linux/vm_sockets.h>
#include <stdint.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include "init.h"

static const unsigned candidates[] = {3, 2};
static const unsigned port = 9000;
static const uint8_t beat = 0xb7;
static const int rounds = 5;
static const struct timeval patience = {.tv_sec = 2};

unsigned parent_cid;

static int answers(unsigned cid)
{
	struct sockaddr_vm address = {.svm_family = AF_VSOCK, .svm_cid = cid, .svm_port = port};
	uint8_t answer = 0;
	int connection = socket(AF_VSOCK, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (connection < 0)
		return failed("vsock");
	/* A refused connection may get no answer at all. */
	setsockopt(connection, AF_VSOCK, SO_VM_SOCKETS_CONNECT_TIMEOUT, &patience, sizeof patience);
	setsockopt(connection, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
	setsockopt(connection, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience);
	int good = connect(connection, (struct sockaddr *)&address, sizeof address) == 0 &&
		   send(connection, &beat, 1, MSG_NOSIGNAL) == 1 && recv(connection, &answer, 1, 0) == 1 && answer == beat;
	close(connection);
	return good;
}

int find_parent(void)
{
	for (int round = 0; round < rounds; round++) {
		for (size_t at = 0; at < sizeof candidates / sizeof *candidates; at++) {
			int good = answers(candidates[at]);
			if (good < 0)
				return -1;
			if (good) {
				parent_cid = candidates[at];
				tell("the parent answers as CID %u", parent_cid);
				return 0;
			}
		}
		sleep(1);
	}
	tell("no parent answers the heartbeat");
	return -1;
}
