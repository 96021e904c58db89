/* Programs whose stub functions get filters in tests. They return 1 for a frame that matches, and 2
 * for a frame whose payload does. */
#define SEC(name) __attribute__((section(name), used))
#define __noinline __attribute__((noinline))
#define HEADER 14

/* The parts of linux/bpf.h that are used. */
struct __sk_buff {
	unsigned len, others[18], data, data_end;
};

static __noinline _Bool filter_l2(void *_skb, void *__skb, void *___skb, void *data, void *data_end)
{
	return data != data_end && _skb == __skb && __skb == ___skb;
}

static __noinline _Bool filter_l3(void *_skb, void *__skb, void *___skb, void *data, void *data_end)
{
	return data != data_end && _skb == __skb && __skb == ___skb;
}

#define START(ctx) ((void *)(long)(ctx)->data)
#define END(ctx) ((void *)(long)(ctx)->data_end)

SEC("tc/direct") int direct(struct __sk_buff *ctx)
{
	void *data = START(ctx), *data_end = END(ctx);
	int both = filter_l2(ctx, ctx, ctx, data, data_end);

	if (data + HEADER <= data_end)
		both += 2 * filter_l3(ctx, ctx, ctx, data + HEADER, data_end);
	return both;
}

SEC("tc/skb") int skb(struct __sk_buff *ctx)
{
	return filter_l2(ctx, ctx, ctx, START(ctx), END(ctx));
}

/* What has been in a map is a number to the verifier, as an address that a tracing program finds. */
static void *volatile addresses[2];

SEC("tc/raw") int raw(struct __sk_buff *ctx)
{
	int both;

	addresses[0] = START(ctx);
	addresses[1] = END(ctx);
	both = filter_l2(ctx, ctx, ctx, addresses[0], addresses[1]);
	return both + 2 * filter_l3(ctx, ctx, ctx, addresses[0] + HEADER, addresses[1]);
}

char _license[] SEC("license") = "GPL";
