/*
 * oracle: libpcap's filter compiler as a server.
 *
 * Requests come on standard input, one a line, seven fields with a space between:
 *
 *	link type (DLT_ number), snapshot length, netmask (hex; - for unknown),
 *	view (live, linux, native, swapped), optimize (0 or 1),
 *	time limit in seconds, filter (hex; - for an empty one)
 *
 * Replies go to standard output, one a line, in the order of the requests:
 *
 *	ok CODE JT JF K ...	the program, four decimal numbers an instruction
 *	refused TEXT		libpcap's error message
 *	crash SIGNAL		libpcap died
 *	hang			libpcap ran into the time limit
 *	unable TEXT		this build cannot do what was asked
 *
 * The request "version" is answered with the library's name and version. A request with
 * "time N" in front is compiled N times, and the reply to it is
 *
 *	took NS			how much CPU time all of that took, in nanoseconds
 *
 * Filters are compiled in a child, which is replaced when it dies.
 *
 * Names are looked up in the tables below and nowhere else: the functions that
 * libpcap calls for that are replaced by this file's. The tables are the ones
 * of names.go.
 *
 * With -DORACLE_INTERNAL, and libpcap's source and build directories on the
 * include path, the views other than "live" can be had; they need libpcap's
 * internal header. It must be that of the library linked to.
 */
#ifdef ORACLE_INTERNAL
#include <config.h>
#include "pcap-int.h"
#endif
#include <arpa/inet.h>
#include <errno.h>
#include <netdb.h>
#include <netinet/ether.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
#include <pcap.h>

/* Hosts: all addresses of a name, each in a row. */
static const struct { const char *name, *addr; } hosts[] = {
	{"oneaddr", "10.1.2.3"},
	{"sixaddr", "2001:db8::5"},
	{"twoaddr", "10.1.2.4"},
	{"twoaddr", "192.0.2.7"},
	{"mixaddr", "198.51.100.1"},
	{"mixaddr", "2001:db8::6"},
	{"mixaddr", "2001:db8:1::7"},
	{"router", "10.0.0.1"},
	{"router", "2001:db8::1"},
};
static const struct { const char *name; unsigned char addr[6]; } ethers[] = {
	{"router", {0x00, 0x11, 0x22, 0x33, 0x44, 0x55}},
	{"sixaddr", {0x02, 0x00, 0x00, 0x00, 0x00, 0x05}},
	{"station", {0x08, 0x00, 0x20, 0x0a, 0x0b, 0x0c}},
};
static const struct { const char *name; unsigned num; } nets[] = {
	{"tennet", 10}, {"loopnet", 127}, {"docnet", 0xc00002}, {"subnet", 0x0a01},
};
static const struct { const char *name; int tcp, udp; } ports[] = {
	{"anyport", 53, 53}, {"tcpport", 80, -1}, {"udpport", -1, 69}, {"splitport", 512, 513},
};
static const struct { const char *name; int num; } protos[] = {
	{"ip", 0}, {"icmp", 1}, {"igmp", 2}, {"tcp", 6}, {"udp", 17}, {"gre", 47},
	{"esp", 50}, {"ah", 51}, {"ospf", 89}, {"pim", 103}, {"vrrp", 112}, {"sctp", 132},
};

#define LENGTH(a) (sizeof (a) / sizeof (a)[0])

static struct addrinfo *
new_address(const char *text, int port, const struct addrinfo *hints)
{
	struct addrinfo *ai = calloc(1, sizeof *ai + sizeof(struct sockaddr_in6));
	struct sockaddr_in *in4;
	struct sockaddr_in6 *in6;

	if (ai == NULL)
		abort();
	in4 = (struct sockaddr_in *)(ai + 1);
	in6 = (struct sockaddr_in6 *)(ai + 1);
	ai->ai_addr = (struct sockaddr *)(ai + 1);
	if (inet_pton(AF_INET, text, &in4->sin_addr) == 1) {
		in4->sin_family = AF_INET;
		in4->sin_port = htons(port);
		ai->ai_addrlen = sizeof *in4;
	} else if (inet_pton(AF_INET6, text, &in6->sin6_addr) == 1) {
		in6->sin6_family = AF_INET6;
		in6->sin6_port = htons(port);
		ai->ai_addrlen = sizeof *in6;
	} else {
		free(ai);
		return NULL;
	}
	ai->ai_family = ai->ai_addr->sa_family;
	if (hints != NULL) {
		ai->ai_socktype = hints->ai_socktype;
		ai->ai_protocol = hints->ai_protocol;
	}
	return ai;
}

int
getaddrinfo(const char *node, const char *service, const struct addrinfo *hints, struct addrinfo **res)
{
	struct addrinfo **end = res;
	char *rest;
	long port;
	size_t i;

	*res = NULL;
	if (node == NULL) {
		port = strtol(service, &rest, 10);
		if (rest == service || *rest != '\0' || port < 0) {
			port = -1;
			for (i = 0; i < LENGTH(ports); i++)
				if (strcmp(service, ports[i].name) == 0)
					port = hints->ai_protocol == IPPROTO_TCP ? ports[i].tcp : ports[i].udp;
			if (port < 0)
				return EAI_SERVICE;
		}
		*res = new_address("0.0.0.0", (int)port, hints);
		return 0;
	}
	if ((*res = new_address(node, 0, hints)) != NULL)
		return 0;
	for (i = 0; i < LENGTH(hosts); i++)
		if (strcasecmp(node, hosts[i].name) == 0) {
			*end = new_address(hosts[i].addr, 0, hints);
			end = &(*end)->ai_next;
		}
	return *res == NULL ? EAI_NONAME : 0;
}

void
freeaddrinfo(struct addrinfo *ai)
{
	struct addrinfo *next;

	for (; ai != NULL; ai = next) {
		next = ai->ai_next;
		free(ai);
	}
}

int
ether_hostton(const char *name, struct ether_addr *addr)
{
	size_t i;

	for (i = 0; i < LENGTH(ethers); i++)
		if (strcasecmp(name, ethers[i].name) == 0) {
			memcpy(addr, ethers[i].addr, 6);
			return 0;
		}
	return -1;
}

struct netent *
getnetbyname(const char *name)
{
	static struct netent n;
	size_t i;

	for (i = 0; i < LENGTH(nets); i++)
		if (strcasecmp(name, nets[i].name) == 0) {
			n.n_name = (char *)nets[i].name;
			n.n_addrtype = AF_INET;
			n.n_net = nets[i].num;
			return &n;
		}
	return NULL;
}

int
getnetbyname_r(const char *name, struct netent *n, char *buf, size_t len, struct netent **result, int *err)
{
	(void)buf;
	(void)len;
	*err = 0;
	if ((*result = getnetbyname(name)) != NULL) {
		*n = **result;
		*result = n;
	}
	return 0;
}

struct protoent *
getprotobyname(const char *name)
{
	static struct protoent p;
	size_t i;

	for (i = 0; i < LENGTH(protos); i++)
		if (strcmp(name, protos[i].name) == 0) {
			p.p_name = (char *)protos[i].name;
			p.p_proto = protos[i].num;
			return &p;
		}
	return NULL;
}

int
getprotobyname_r(const char *name, struct protoent *p, char *buf, size_t len, struct protoent **result)
{
	(void)buf;
	(void)len;
	if ((*result = getprotobyname(name)) != NULL) {
		*p = **result;
		*result = p;
	}
	return 0;
}

/* set_view gives p the view, or says that it cannot. */
static int
set_view(pcap_t *p, const char *view)
{
	if (strcmp(view, "live") == 0)
		return 1;
#ifdef ORACLE_INTERNAL
	if (strcmp(view, "linux") == 0) {
		p->bpf_codegen_flags |= BPF_SPECIAL_VLAN_HANDLING | BPF_SPECIAL_BASIC_HANDLING;
		return 1;
	}
	if (strcmp(view, "native") == 0 || strcmp(view, "swapped") == 0) {
		p->bpf_codegen_flags |= BPF_OFFLINE_AF_HANDLING;
		p->swapped = view[0] == 's';
		return 1;
	}
#else
	(void)p;
#endif
	return 0;
}

/* unhex decodes hex digits in place; it returns 0 for others. */
static int
unhex(char *s)
{
	char *to = s, digits[3] = "";
	char *end;

	if (strcmp(s, "-") == 0)
		*s = '\0';
	while (*s != '\0') {
		if (s[1] == '\0')
			return 0;
		memcpy(digits, s, 2);
		*to++ = (char)strtol(digits, &end, 16);
		if (*end != '\0')
			return 0;
		s += 2;
	}
	*to = '\0';
	return 1;
}

/* measure compiles a filter some times and prints how much CPU time that took. */
static void
measure(pcap_t *p, const char *filter, int optimize, bpf_u_int32 netmask, unsigned times, FILE *out)
{
	struct bpf_program prog;
	struct timespec from, to;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &from);
	for (; times > 0; times--) {
		if (pcap_compile(p, &prog, filter, optimize, netmask) != 0) {
			fputs("unable that filter\n", out);
			return;
		}
		pcap_freecode(&prog);
	}
	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &to);
	fprintf(out, "took %lld\n", (to.tv_sec - from.tv_sec) * 1000000000LL + to.tv_nsec - from.tv_nsec);
}

/* compile answers one request. */
static void
compile(char *line, FILE *out)
{
	char mask[16], view[16];
	int dlt, optimize, at = 0;
	unsigned snaplen, limit, i, times = 0;
	bpf_u_int32 netmask = PCAP_NETMASK_UNKNOWN;
	struct bpf_program prog;
	pcap_t *p;

	line[strcspn(line, "\n")] = '\0';
	if (sscanf(line, "time %u %n", &times, &at) == 1)
		line += at;
	at = 0;
	if (sscanf(line, "%d %u %15s %15s %d %u %n", &dlt, &snaplen, mask, view, &optimize, &limit, &at) != 6 ||
	    at == 0 || !unhex(line + at)) {
		fprintf(out, "unable malformed request\n");
		return;
	}
	if (strcmp(mask, "-") != 0)
		netmask = (bpf_u_int32)strtoul(mask, NULL, 16);
	if ((p = pcap_open_dead(dlt, (int)snaplen)) == NULL) {
		fprintf(out, "unable no handle\n");
		return;
	}
	if (!set_view(p, view)) {
		fprintf(out, "unable view %s\n", view);
		pcap_close(p);
		return;
	}
	if (times > 0) {
		measure(p, line + at, optimize, netmask, times, out);
		pcap_close(p);
		return;
	}
	alarm(limit);
	if (pcap_compile(p, &prog, line + at, optimize, netmask) != 0) {
		alarm(0);
		fputs("refused ", out);
		for (line = pcap_geterr(p); *line != '\0'; line++)
			putc(*line == '\n' ? ' ' : *line, out);
		putc('\n', out);
	} else {
		alarm(0);
		fputs("ok", out);
		for (i = 0; i < prog.bf_len; i++)
			fprintf(out, " %u %u %u %u", prog.bf_insns[i].code, prog.bf_insns[i].jt,
			    prog.bf_insns[i].jf, prog.bf_insns[i].k);
		putc('\n', out);
		pcap_freecode(&prog);
	}
	pcap_close(p);
}

/* A child that compiles, and the pipes to it. */
static pid_t child;
static FILE *to, *from;

static void
start(void)
{
	int down[2], up[2];
	struct rlimit memory = {4UL << 30, 4UL << 30}, core = {0, 0};
	char *line = NULL;
	size_t size = 0;

	if (pipe(down) != 0 || pipe(up) != 0 || (child = fork()) < 0) {
		perror("oracle");
		exit(1);
	}
	if (child == 0) {
		close(down[1]);
		close(up[0]);
		to = fdopen(down[0], "r");
		from = fdopen(up[1], "w");
		setrlimit(RLIMIT_AS, &memory);
		setrlimit(RLIMIT_CORE, &core);
		while (getline(&line, &size, to) > 0) {
			compile(line, from);
			fflush(from);
		}
		_exit(0);
	}
	close(down[0]);
	close(up[1]);
	to = fdopen(down[1], "w");
	from = fdopen(up[0], "r");
}

int
main(void)
{
	char *line = NULL, *reply = NULL;
	size_t size = 0, reply_size = 0;
	int status;

	signal(SIGPIPE, SIG_IGN);
	start();
	while (getline(&line, &size, stdin) > 0) {
		if (strcmp(line, "version\n") == 0) {
			puts(pcap_lib_version());
			fflush(stdout);
			continue;
		}
		fputs(line, to);
		fflush(to);
		if (getline(&reply, &reply_size, from) > 0) {
			fputs(reply, stdout);
		} else {
			waitpid(child, &status, 0);
			if (WIFSIGNALED(status) && WTERMSIG(status) == SIGALRM)
				puts("hang");
			else
				printf("crash %d\n", WIFSIGNALED(status) ? WTERMSIG(status) : 0);
			fclose(to);
			fclose(from);
			start();
		}
		fflush(stdout);
	}
	return 0;
}
