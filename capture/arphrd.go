package capture

import "github.com/gofilter/gofilter/linktype"

// An arphrd says what the packets of a kind of interface start with. The kinds
// are the ARPHRD_ numbers of linux/if_arp.h; which link type each is follows
// libpcap (pcap-linux.c, map_arphrd_to_dlt), so that files are the same.
type arphrd struct {
	number uint16
	name   string // without ARPHRD_
	// linkType is what is written unless another is asked for. others are the
	// alternatives.
	linkType linktype.Type
	others   []linktype.Type
	// cooked: the kernel takes the link-layer header away, and a cooked one of 16
	// bytes stands in its place.
	cooked bool
}

var arphrds = []arphrd{
	{1, "ETHER", linktype.Ethernet, []linktype.Type{linktype.DOCSIS}, false},
	{2, "EETHER", linktype.ExperimentalEthernet, nil, false},
	{3, "AX25", linktype.AX25KISS, nil, false},
	{4, "PRONET", linktype.ProNET, nil, false},
	{5, "CHAOS", linktype.Chaos, nil, false},
	{6, "IEEE802", linktype.TokenRing, nil, false},
	{7, "ARCNET", linktype.ArcnetLinux, nil, false},
	{15, "DLCI", linktype.Raw, nil, false},
	{18, "", linktype.IPOverFC, nil, false}, // RFC 4338; linux/if_arp.h has no name for it
	{19, "ATM", linktype.LinuxSLL, nil, true},
	{23, "METRICOM", linktype.Ethernet, nil, false},
	{256, "SLIP", linktype.Raw, nil, false},
	{257, "CSLIP", linktype.Raw, nil, false},
	{258, "SLIP6", linktype.Raw, nil, false},
	{259, "CSLIP6", linktype.Raw, nil, false},
	{264, "ADAPT", linktype.Raw, nil, false},
	{280, "CAN", linktype.CANSocketCAN, nil, false},
	{512, "PPP", linktype.LinuxSLL, nil, true},
	{513, "CISCO", linktype.CHDLC, nil, false},
	{518, "RAWHDLC", linktype.Raw, nil, false},
	{768, "TUNNEL", linktype.Raw, nil, false},
	{770, "FRAD", linktype.FrameRelay, nil, false},
	{772, "LOOPBACK", linktype.Ethernet, nil, false},
	{773, "LOCALTLK", linktype.LocalTalk, nil, false},
	{774, "FDDI", linktype.FDDI, nil, false},
	{776, "SIT", linktype.Raw, nil, false},
	{783, "IRDA", linktype.LinuxIrDA, nil, true},
	{784, "FCPP", linktype.FC2, []linktype.Type{linktype.FC2WithFrameDelims, linktype.IPOverFC}, false},
	{785, "FCAL", linktype.FC2, []linktype.Type{linktype.FC2WithFrameDelims, linktype.IPOverFC}, false},
	{786, "FCPL", linktype.FC2, []linktype.Type{linktype.FC2WithFrameDelims, linktype.IPOverFC}, false},
	{787, "FCFABRIC", linktype.FC2, []linktype.Type{linktype.FC2WithFrameDelims, linktype.IPOverFC}, false},
	{800, "IEEE802_TR", linktype.TokenRing, nil, false},
	{801, "IEEE80211", linktype.IEEE802_11, nil, false},
	{802, "IEEE80211_PRISM", linktype.IEEE802_11Prism, nil, false},
	{803, "IEEE80211_RADIOTAP", linktype.IEEE802_11Radiotap, nil, false},
	{804, "IEEE802154", linktype.IEEE802_15_4NoFCS, nil, false},
	{824, "NETLINK", linktype.Netlink, nil, true},
	{826, "VSOCKMON", linktype.Vsock, nil, false},
	{8445, "LAPD", linktype.LinuxLAPD, nil, true},
	{0xfffe, "NONE", linktype.Raw, nil, false},
}

// cookedTypes are the link types of Any. The first is what tcpdump 5 writes.
var cookedTypes = []linktype.Type{linktype.LinuxSLL2, linktype.LinuxSLL}

// Numbers of arphrds that the code asks for.
const (
	arphrdLoopback = 772
	arphrdCAN      = 280
)

// arphrdOf returns the row of an ARPHRD_ number. A kind of interface that has no
// row is captured cooked: the kernel knows where its network layer starts, and
// nobody here knows what the bytes before that mean.
func arphrdOf(number uint16) arphrd {
	for _, a := range arphrds {
		if a.number == number {
			return a
		}
	}
	return arphrd{number: number, linkType: linktype.LinuxSLL, cooked: true}
}

// linkTypes returns the link types of the row, the default first.
func (a arphrd) linkTypes() []linktype.Type {
	return append([]linktype.Type{a.linkType}, a.others...)
}
