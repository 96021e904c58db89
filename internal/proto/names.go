package proto

import "strings"

// A Name is a word with a number.
type Name struct {
	Name string
	Num  uint32
}

// lookup finds a name whatever its case.
func lookup(names []Name, s string) (uint32, bool) {
	for i := range names {
		if strings.EqualFold(names[i].Name, s) {
			return names[i].Num, true
		}
	}
	return 0, false
}

// EtherTypeNames are the words after "ether proto"; case matters.
var EtherTypeNames = []Name{
	{"aarp", EtherAARP}, {"arp", EtherARP}, {"atalk", EtherAtalk}, {"decnet", EtherDECnet},
	{"ip", EtherIPv4}, {"ip6", EtherIPv6}, {"lat", EtherLAT}, {"lldp", EtherLLDP},
	{"loopback", EtherLoop}, {"mopdl", EtherMOPDL}, {"moprc", EtherMOPRC}, {"rarp", EtherRARP},
	{"sca", EtherSCA}, {"slow", EtherSlow},
	{"iso", SAPISO}, {"stp", SAPBPDU}, {"ipx", SAPIPX}, {"netbeui", SAPNetBEUI},
}

// NLPIDNames are the words after "iso proto"; case matters.
var NLPIDNames = []Name{{"esis", NLPIDESIS}, {"isis", NLPIDISIS}, {"clnp", NLPIDCLNP}}

// Exact finds a name in a table where case matters.
func Exact(names []Name, s string) (uint32, bool) {
	for i := range names {
		if names[i].Name == s {
			return names[i].Num, true
		}
	}
	return 0, false
}

// Names of values, in any case. 802.11 values are those of IEEE 802.11 clause
// 9.2.4.1, in place in the frame control field.
var (
	WLANTypes = []Name{{"data", WLANData}, {"mgt", 0}, {"management", 0}, {"ctl", WLANCtl}, {"control", WLANCtl}}

	wlanMgt = []Name{
		{"assocreq", 0x00}, {"assoc-req", 0x00}, {"assocresp", 0x10}, {"assoc-resp", 0x10},
		{"reassocreq", 0x20}, {"reassoc-req", 0x20}, {"reassocresp", 0x30}, {"reassoc-resp", 0x30},
		{"probereq", 0x40}, {"probe-req", 0x40}, {"proberesp", 0x50}, {"probe-resp", 0x50},
		{"beacon", 0x80}, {"atim", 0x90}, {"disassoc", 0xa0}, {"disassociation", 0xa0},
		{"auth", 0xb0}, {"authentication", 0xb0}, {"deauth", 0xc0}, {"deauthentication", 0xc0},
	}
	wlanCtl = []Name{
		{"bar", 0x80}, {"ba", 0x90}, {"ps-poll", 0xa0}, {"rts", 0xb0}, {"cts", 0xc0}, {"ack", 0xd0},
		{"cf-end", 0xe0}, {"cf-end-ack", 0xf0},
	}
	wlanData = []Name{
		{"data", 0x00}, {"data-cf-ack", 0x10}, {"data-cf-poll", 0x20}, {"data-cf-ack-poll", 0x30},
		{"null", 0x40}, {"cf-ack", 0x50}, {"cf-poll", 0x60}, {"cf-ack-poll", 0x70},
		{"qos-data", 0x80}, {"qos-data-cf-ack", 0x90}, {"qos-data-cf-poll", 0xa0}, {"qos-data-cf-ack-poll", 0xb0},
		{"qos", 0xc0}, {"qos-cf-poll", 0xe0}, {"qos-cf-ack-poll", 0xf0},
	}

	WLANDirs = []Name{{"nods", 0}, {"tods", WLANToDS}, {"fromds", WLANFromDS}, {"dstods", WLANToDS | WLANFromDS}}

	// LLC control field values (IEEE 802.2 clause 5.4).
	LLCSupervisory = []Name{{"rr", 0x01}, {"rnr", 0x05}, {"rej", 0x09}}
	LLCUnnumbered  = []Name{
		{"ui", 0x03}, {"ua", 0x63}, {"disc", 0x43}, {"dm", 0x0f}, {"sabme", 0x6f}, {"test", 0xe3}, {"xid", 0xaf}, {"frmr", 0x87},
	}

	// pf(4) reasons and actions that all of the BSDs share.
	PFReasons = []Name{
		{"match", 0}, {"bad-offset", 1}, {"fragment", 2}, {"short", 3}, {"normalize", 4}, {"memory", 5},
		{"bad-timestamp", 6}, {"congestion", 7}, {"ip-option", 8}, {"proto-cksum", 9}, {"state-mismatch", 10},
		{"state-insert", 11}, {"state-limit", 12}, {"src-limit", 13}, {"synproxy", 14},
	}
	PFActions = []Name{
		{"pass", 0}, {"accept", 0}, {"drop", 1}, {"block", 1}, {"scrub", 2}, {"noscrub", 3}, {"nat", 4}, {"nonat", 5},
		{"binat", 6}, {"nobinat", 7}, {"rdr", 8}, {"nordr", 9}, {"synproxy-drop", 10},
	}
)

// LookupName finds a value's name, in any case, in one of the tables above.
func LookupName(names []Name, s string) (uint32, bool) { return lookup(names, s) }

// WLANSubtype finds an 802.11 subtype's name among those of one type.
func WLANSubtype(typ uint32, s string) (uint32, bool) {
	switch typ {
	case 0:
		return lookup(wlanMgt, s)
	case WLANCtl:
		return lookup(wlanCtl, s)
	case WLANData:
		return lookup(wlanData, s)
	}
	return 0, false
}

// WLANTypeOfSubtype finds the 802.11 type and subtype that a subtype's name
// stands for, management frames first.
func WLANTypeOfSubtype(s string) (typ, subtype uint32, ok bool) {
	for _, typ := range []uint32{0, WLANCtl, WLANData} {
		if sub, ok := WLANSubtype(typ, s); ok {
			return typ, sub, true
		}
	}
	return 0, 0, false
}

// WLANSubtypeNames lists the names of all subtypes.
func WLANSubtypeNames() []Name {
	var all []Name
	for _, t := range [][]Name{wlanMgt, wlanCtl, wlanData} {
		all = append(all, t...)
	}
	return all
}

// IPProtoNames are the IP protocols that are known by name without a database
// (IANA's protocol numbers); case matters.
var IPProtoNames = []Name{
	{"ip", 0}, {"icmp", IPICMP}, {"igmp", IPIGMP}, {"tcp", IPTCP}, {"igp", IPIGRP}, {"igrp", IPIGRP}, {"udp", IPUDP},
	{"ipv6-route", IPRouting}, {"ipv6-frag", IPFragment}, {"gre", 47}, {"esp", IPESP}, {"ah", IPAH},
	{"ipv6-icmp", IPICMPv6}, {"icmp6", IPICMPv6}, {"ipv6-nonxt", IPNoNext}, {"ipv6-opts", IPDstOpts},
	{"ospf", 89}, {"pim", IPPIM}, {"vrrp", IPVRRP}, {"carp", IPVRRP}, {"l2tp", 115}, {"sctp", IPSCTP}, {"udplite", 136},
}
