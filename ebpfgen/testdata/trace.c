/* Tracing programs that count the received packets that a filter accepts: at a tracepoint, and
 * where a function is entered. */
#define SEC(name) __attribute__((section(name), used))
#define __noinline __attribute__((noinline))
#define __always_inline inline __attribute__((always_inline))
#define KERNEL __attribute__((preserve_access_index))

static long (*const bpf_probe_read_kernel)(void *to, unsigned size, const void *from) = (void *)113;

/* What is used of the kernel's; the loader moves it to where the running kernel has it. */
struct sk_buff {
	unsigned len, data_len;
	unsigned short mac_header, network_header;
	char *head, *data;
} KERNEL;

/* The number of the register with a function's first argument in struct pt_regs: di of x86-64. */
#define FIRST_ARGUMENT 14

/* Frames that the first filter accepts, and packets that the second one does. */
unsigned long long frames, packets;

static __noinline _Bool compares(void *skb1, void *skb2, void *skb3, void *data, void *data_end)
{
	return data != data_end && skb1 == skb2 && skb2 == skb3;
}

static __noinline _Bool compares_l3(void *skb1, void *skb2, void *skb3, void *data, void *data_end)
{
	return data != data_end && skb1 == skb2 && skb2 == skb3;
}

static __always_inline void count(void *skb, char *link, char *network, char *end)
{
	if (compares(skb, skb, skb, link, end))
		__sync_fetch_and_add(&frames, 1);
	if (compares_l3(skb, skb, skb, network, end))
		__sync_fetch_and_add(&packets, 1);
}

/* For a program that the kernel knows nothing of its arguments to. */
#define PROBE(skb, member) ({ \
	typeof((skb)->member) value = 0; \
	bpf_probe_read_kernel(&value, sizeof(value), &(skb)->member); \
	value; \
})

static __always_inline int probe(struct sk_buff *skb)
{
	char *head = PROBE(skb, head);

	count(skb, head + PROBE(skb, mac_header), head + PROBE(skb, network_header),
	      PROBE(skb, data) + PROBE(skb, len) - PROBE(skb, data_len));
	return 0;
}

SEC("raw_tp/netif_receive_skb") int tracepoint(unsigned long long *args)
{
	return probe((struct sk_buff *)args[0]);
}

SEC("kprobe/ip_rcv") int kprobe(unsigned long long *regs)
{
	return probe((struct sk_buff *)regs[FIRST_ARGUMENT]);
}

SEC("fentry/ip_rcv") int fentry(unsigned long long *args)
{
	struct sk_buff *skb = (struct sk_buff *)args[0];

	count(skb, skb->head + skb->mac_header, skb->head + skb->network_header, skb->data + skb->len - skb->data_len);
	return 0;
}

char _license[] SEC("license") = "GPL";
