// The everyday filters as somebody writes them by hand for TC and XDP: direct access, one
// comparison with the end of the packet for the network header and one for what follows,
// constants in network byte order. Each has the verdict of the filter on every whole frame whose
// bytes are all in the linear part.
//
//	clang -O2 -target bpf -mcpu=v3 -c hand.c

typedef unsigned char u8;
typedef unsigned short u16;
typedef unsigned int u32;

#define always static __attribute__((always_inline)) inline
#define section(name) __attribute__((section(name), used))

// What is used of struct __sk_buff and struct xdp_md of linux/bpf.h.
struct skb {
	u32 to_vlan[5], vlan_present, to_data[13], data, data_end;
};

struct xdp {
	u32 data, data_end;
};

struct view {
	const u8 *data, *end;
	int tagged; // the outer VLAN tag is beside the packet
};

#define n16(v) __builtin_bswap16(v)
#define n32(v) __builtin_bswap32(v)
#define ip4(a, b, c, d) n32((u32)(a) << 24 | (b) << 16 | (c) << 8 | (d))

// Fields in network byte order.
always u16 half(const u8 *p) { return *(const u16 *)p; }
always u32 word(const u8 *p) { return *(const u32 *)p; }

enum { TCP = 6, UDP = 17, SCTP = 132 };
enum { ETHER = 14, ETHER_IP4 = ETHER + 20, ETHER_IP6 = ETHER + 40, ETHER_ARP = ETHER + 28 };

always int later_fragment(const u8 *ip) { return (half(ip + 6) & n16(0x1fff)) != 0; }

// The transport header of an IPv4 packet.
always const u8 *behind(const u8 *ip) { return ip + ((ip[0] & 0xf) << 2); }

always int either(const u8 *ports, u16 port) { return half(ports) == port || half(ports + 2) == port; }

always int tcp_udp_port(struct view v)
{
	const u8 *ip = v.data + ETHER;
	if (v.data + ETHER_IP4 > v.end)
		return 0;
	if (half(v.data + 12) == n16(0x0800)) {
		if (ip[9] != UDP || later_fragment(ip))
			return 0;
		const u8 *udp = behind(ip);
		return udp + 4 <= v.end && either(udp, n16(53));
	}
	if (half(v.data + 12) != n16(0x86dd) || ip[6] != UDP)
		return 0;
	return v.data + ETHER_IP6 + 4 <= v.end && either(ip + 40, n16(53));
}

// IPv4 and TCP, not a later fragment, and the first n bytes of TCP's header; 0 if not.
always const u8 *tcp(struct view v, int n)
{
	const u8 *ip = v.data + ETHER;
	if (half(v.data + 12) != n16(0x0800) || ip[9] != TCP || later_fragment(ip))
		return 0;
	const u8 *t = behind(ip);
	return t + n <= v.end ? t : 0;
}

always int host_and_port(struct view v)
{
	const u8 *ip = v.data + ETHER;
	if (v.data + ETHER_IP4 > v.end)
		return 0;
	if (word(ip + 12) != ip4(10, 0, 0, 1) && word(ip + 16) != ip4(10, 0, 0, 1))
		return 0;
	const u8 *t = tcp(v, 4);
	return t && either(t, n16(80));
}

always int net_and_port(struct view v)
{
	if (v.data + ETHER_IP4 > v.end || half(v.data + ETHER + 12) != n16(0xc0a8))
		return 0;
	const u8 *t = tcp(v, 4);
	return t && half(t + 2) == n16(443);
}

always int flags(struct view v)
{
	if (v.data + ETHER_IP4 > v.end)
		return 0;
	const u8 *t = tcp(v, 14);
	return t && (t[13] & 3);
}

always int payload_offset(struct view v)
{
	const u8 *ip = v.data + ETHER;
	if (v.data + ETHER_IP4 > v.end)
		return 0;
	const u8 *t = tcp(v, 13);
	return t && either(t, n16(80)) && n16(half(ip + 2)) - ((ip[0] & 0xf) << 2) - ((t[12] & 0xf0) >> 2) != 0;
}

always int in_range(const u8 *port) { return (u16)(n16(half(port)) - 1000) <= 1000; }

// IPv6 and UDP behind a type field.
always int ip6_udp(const u8 *type, const u8 *end)
{
	const u8 *ip = type + 2;
	if (ip + 44 > end || half(type) != n16(0x86dd) || ip[6] != UDP)
		return 0;
	return in_range(ip + 40) || in_range(ip + 42);
}

always int vlan_and_ip6(struct view v)
{
	if (v.tagged)
		return ip6_udp(v.data + 12, v.end);
	if (v.data + ETHER + 4 > v.end)
		return 0;
	u16 type = half(v.data + 12);
	if (type != n16(0x8100) && type != n16(0x88a8) && type != n16(0x9100))
		return 0;
	return ip6_udp(v.data + 16, v.end);
}

always int listed(u32 addr)
{
	switch (addr) {
#define host(c, d) case ip4(10, 0, c, d):
	host(1, 5) host(2, 10) host(3, 15) host(4, 20) host(5, 25) host(6, 30) host(7, 35) host(8, 40) host(9, 45) host(10, 50)
	host(11, 55) host(12, 60) host(13, 65) host(14, 70) host(15, 75) host(0, 80) host(1, 85) host(2, 90) host(3, 95) host(4, 100)
	host(5, 105) host(6, 110) host(7, 115) host(8, 120) host(9, 125) host(10, 130) host(11, 135) host(12, 140) host(13, 145) host(14, 150)
	host(15, 155) host(0, 160) host(1, 165) host(2, 170) host(3, 175) host(4, 180) host(5, 185) host(6, 190) host(7, 195) host(8, 200)
	host(9, 205) host(10, 210) host(11, 215) host(12, 220) host(13, 225) host(14, 230) host(15, 235) host(0, 240) host(1, 245) host(2, 250)
		return 1;
	}
	return 0;
}

always int is_arp(u16 type) { return type == n16(0x0806) || type == n16(0x8035); }

always int _50_hosts(struct view v)
{
	if (v.data + ETHER_IP4 > v.end)
		return 0;
	const u8 *net = v.data + ETHER;
	u16 type = half(v.data + 12);
	if (type == n16(0x0800))
		return listed(word(net + 12)) || listed(word(net + 16));
	if (!is_arp(type))
		return 0;
	return listed(word(net + 14)) || (v.data + ETHER_ARP <= v.end && listed(word(net + 24)));
}

always int _not(struct view v)
{
	if (v.data + ETHER_IP4 > v.end)
		return 0;
	const u8 *net = v.data + ETHER;
	u16 type = half(v.data + 12);
	if (type == n16(0x0800)) {
		if (word(net + 12) != ip4(10, 0, 0, 1) && word(net + 16) != ip4(10, 0, 0, 1))
			return 0;
		if ((net[9] != TCP && net[9] != UDP && net[9] != SCTP) || later_fragment(net))
			return 1;
		const u8 *t = behind(net);
		return t + 4 <= v.end && !either(t, n16(22));
	}
	if (!is_arp(type))
		return 0;
	return word(net + 14) == ip4(10, 0, 0, 1) || (v.data + ETHER_ARP <= v.end && word(net + 24) == ip4(10, 0, 0, 1));
}

// A classifier's verdicts, and XDP_PASS and XDP_DROP.
#define programs(name, filter) \
	section("tc") int tc_##name(struct skb *s) \
	{ \
		struct view v = {(const u8 *)(long)s->data, (const u8 *)(long)s->data_end, s->vlan_present != 0}; \
		return filter(v) ? -1 : 0; \
	} \
	section("xdp") int xdp_##name(struct xdp *x) \
	{ \
		struct view v = {(const u8 *)(long)x->data, (const u8 *)(long)x->data_end, 0}; \
		return filter(v) ? 2 : 1; \
	}

programs(tcp_udp_port, tcp_udp_port)
programs(host_and_port, host_and_port)
programs(net_and_port, net_and_port)
programs(flags, flags)
programs(payload_offset, payload_offset)
programs(vlan_and_ip6, vlan_and_ip6)
programs(50_hosts, _50_hosts)
programs(not, _not)
