/* A tracing program that counts the received packets that a filter accepts. */
#define SEC(name) __attribute__((section(name), used))

static long (*const bpf_probe_read_kernel)(void *to, unsigned size, const void *from) = (void *)113;

/* Where struct sk_buff has these; set before loading. */
volatile const unsigned len_at, data_len_at, data_at;

unsigned long long accepted;

static __attribute__((noinline)) _Bool compares(void *skb1, void *skb2, void *skb3, void *data, void *data_end)
{
	return data != data_end && skb1 == skb2 && skb2 == skb3;
}

SEC("raw_tp/netif_receive_skb") int trace(unsigned long long *args)
{
	const char *skb = (const char *)args[0];
	char *data = 0;
	unsigned len = 0, data_len = 0;

	bpf_probe_read_kernel(&len, sizeof(len), skb + len_at);
	bpf_probe_read_kernel(&data_len, sizeof(data_len), skb + data_len_at);
	bpf_probe_read_kernel(&data, sizeof(data), skb + data_at);
	/* The Ethernet header has been stepped over. */
	if (compares((void *)skb, (void *)skb, (void *)skb, data - 14, data + len - data_len))
		__sync_fetch_and_add(&accepted, 1);
	return 0;
}

char _license[] SEC("license") = "GPL";
