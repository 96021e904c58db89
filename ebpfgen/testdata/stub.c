/* Programs whose stub functions get filters in tests. */
#define SEC(name) __attribute__((section(name), used))
#define __noinline __attribute__((noinline))

/* The parts of linux/bpf.h that are used. */
struct xdp_md {
	unsigned data, data_end, data_meta, ingress_ifindex;
};
struct __sk_buff {
	unsigned len, others[18], data, data_end;
};
enum { XDP_DROP = 1, XDP_PASS = 2 };
enum { MATCH = -1, NO_MATCH = 0 };

#define START(ctx) ((void *)(long)(ctx)->data)
#define END(ctx) ((void *)(long)(ctx)->data_end)

static __noinline _Bool compares(void *skb1, void *skb2, void *skb3, void *data, void *data_end)
{
	return data != data_end && skb1 == skb2 && skb2 == skb3;
}

static __noinline int returns(void *data, void *data_end)
{
	int verdict;

	asm volatile("%0 = 1" : "=r"(verdict) : "r"(data), "r"(data_end));
	return verdict;
}

static __noinline int returns_context(void *ctx)
{
	int verdict;

	asm volatile("%0 = 1" : "=r"(verdict) : "r"(ctx));
	return verdict;
}

/* Another pair, for the network layer. */
static __noinline int returns_l3(void *data, void *data_end)
{
	int verdict;

	asm volatile("%0 = 1" : "=r"(verdict) : "r"(data), "r"(data_end));
	return verdict;
}

SEC("xdp/compares") int xdp_compares(struct xdp_md *ctx)
{
	return compares(ctx, ctx, ctx, START(ctx), END(ctx)) ? XDP_PASS : XDP_DROP;
}

SEC("xdp/returns") int xdp_returns(struct xdp_md *ctx)
{
	return returns(START(ctx), END(ctx)) ? XDP_PASS : XDP_DROP;
}

SEC("xdp/context") int xdp_context(struct xdp_md *ctx)
{
	return returns_context(ctx) ? XDP_PASS : XDP_DROP;
}

/* What has been in a map is a number to the verifier, as an address that a tracing
 * program finds. */
static void *volatile addresses[2];

SEC("xdp/raw_compares") int xdp_raw_compares(struct xdp_md *ctx)
{
	addresses[0] = START(ctx);
	addresses[1] = END(ctx);
	return compares(ctx, ctx, ctx, addresses[0], addresses[1]) ? XDP_PASS : XDP_DROP;
}

SEC("xdp/raw_returns") int xdp_raw_returns(struct xdp_md *ctx)
{
	addresses[0] = START(ctx);
	addresses[1] = END(ctx);
	return returns(addresses[0], addresses[1]) ? XDP_PASS : XDP_DROP;
}

SEC("tc/compares") int tc_compares(struct __sk_buff *ctx)
{
	return compares(ctx, ctx, ctx, START(ctx), END(ctx)) ? MATCH : NO_MATCH;
}

SEC("tc/returns") int tc_returns(struct __sk_buff *ctx)
{
	return returns(START(ctx), END(ctx)) ? MATCH : NO_MATCH;
}

SEC("tc/context") int tc_context(struct __sk_buff *ctx)
{
	return returns_context(ctx) ? MATCH : NO_MATCH;
}

/* Whether the frame matches, and whether what it carries does. */
SEC("tc/pair") int tc_pair(struct __sk_buff *ctx)
{
	void *data = START(ctx), *data_end = END(ctx);
	int both = returns(data, data_end);

	if (data + 14 <= data_end)
		both += 2 * returns_l3(data + 14, data_end);
	return both;
}

char _license[] SEC("license") = "GPL";
