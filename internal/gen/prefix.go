package gen

import "net/netip"

// maskedPrefix4 returns the network of n bits that an IPv4 address is in.
func maskedPrefix4(addr string, n int) string { return masked(addr, min(n, 32)) }

// maskedPrefix6 returns the network of n bits that an IPv6 address is in.
func maskedPrefix6(addr string, n int) string { return masked(addr, min(n, 128)) }

func masked(addr string, n int) string {
	return netip.PrefixFrom(netip.MustParseAddr(addr), n).Masked().String()
}
