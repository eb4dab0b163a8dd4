/* What the parts of init share. Each step gives 0 when it is done, or -1 after it has said why not. */
#ifndef K3S_DAAS_INIT_H
#define K3S_DAAS_INIT_H

#include <stddef.h>
#include <stdint.h>

/* One line on the console. Only fixed words and numbers are ever told: the console may be read by others. */
void tell(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* Say what failed and why the kernel says so; gives -1. */
int failed(const char *what);

/* Read a small file of /sys or /proc without its newline; gives its length, or -1. */
int read_line(const char *path, char *text, size_t room);

int early_devices(void); /* mounts.c */
int own_mounts(void);
int leave_initramfs(void);  /* root.c */
int find_parent(void);      /* heartbeat.c */
int check_entropy(void);    /* entropy.c */
int set_clock(void);        /* clock.c */
void keep_clock(void);
int set_up_network(void);   /* network.c */
int run_enclave(void);      /* enclave.c */

/* The parent's CID, known after find_parent. */
extern unsigned parent_cid;

/* The time that an attestation document gives, in ms since 1970, from the device's whole answer; 0 if there is none. */
uint64_t document_time(const uint8_t *answer, size_t length); /* document.c */

/* Whether a time, in ms since 1970, can be now at all. */
int plausible_time(uint64_t milliseconds);

/* The uid that owns the NSM; the same number stands in the enclave's table of processes. */
#define BROKER_UID 2001

#endif
