/* Loopback, and one interface that leads nowhere: k3s wants an address of its own and a default route. */
#include <arpa/inet.h>
#include <net/if.h>
#include <net/route.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "init.h"

static const char *const nowhere = "dummy0";

static struct sockaddr ipv4(const char *text)
{
	struct sockaddr_in address = {.sin_family = AF_INET};
	struct sockaddr plain;
	inet_pton(AF_INET, text, &address.sin_addr);
	memcpy(&plain, &address, sizeof plain);
	return plain;
}

static int change(int control, const char *name, unsigned long what, const struct sockaddr *address)
{
	struct ifreq request = {0};
	snprintf(request.ifr_name, sizeof request.ifr_name, "%s", name);
	if (address != NULL) {
		request.ifr_addr = *address;
	} else {
		if (ioctl(control, SIOCGIFFLAGS, &request) != 0)
			return failed(name);
		request.ifr_flags |= IFF_UP;
	}
	return ioctl(control, what, &request) == 0 ? 0 : failed(name);
}

int set_up_network(void)
{
	const struct sockaddr own = ipv4("10.77.0.1"), mask = ipv4("255.255.255.0");
	struct rtentry route = {.rt_dst = ipv4("0.0.0.0"), .rt_genmask = ipv4("0.0.0.0"), .rt_gateway = ipv4("10.77.0.2")};
	route.rt_flags = RTF_UP | RTF_GATEWAY;
	int control = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (control < 0)
		return failed("network");
	int result = 0;
	if (change(control, "lo", SIOCSIFFLAGS, NULL) != 0 || change(control, nowhere, SIOCSIFADDR, &own) != 0 ||
	    change(control, nowhere, SIOCSIFNETMASK, &mask) != 0 || change(control, nowhere, SIOCSIFFLAGS, NULL) != 0)
		result = -1;
	else if (ioctl(control, SIOCADDRT, &route) != 0)
		result = failed("default route");
	else if (sethostname("enclave", strlen("enclave")) != 0)
		result = failed("sethostname");
	close(control);
	return result;
}
