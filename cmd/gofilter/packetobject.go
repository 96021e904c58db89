package main

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"time"

	"github.com/google/gopacket"
	"github.com/google/gopacket/layers"

	"github.com/gofilter/gofilter/internal/savefile"
	"github.com/gofilter/gofilter/linktype"
)

// A packetObject is what --json prints of a packet, on a line. What the packet does not
// have is left out. Addresses and ports are those of the outermost IP header, or of
// ARP, as numbers; with names they are in the summary, unless there is -n.
type packetObject struct {
	Number    uint64  `json:"number"`              // of the packet in the file or capture, from 1
	Time      string  `json:"time"`                // RFC 3339 in UTC, with nanoseconds
	Interface string  `json:"interface,omitempty"` // its name
	Link      string  `json:"link"`                // the link type, as -y takes it
	Captured  int     `json:"captured"`            // bytes that are there
	Length    uint32  `json:"length"`              // bytes on the wire
	Src       string  `json:"src,omitempty"`
	Dst       string  `json:"dst,omitempty"`
	Proto     *uint8  `json:"proto,omitempty"` // what IP carries, behind extension headers
	SrcPort   *uint16 `json:"sport,omitempty"`
	DstPort   *uint16 `json:"dport,omitempty"`
	Summary   string  `json:"summary"` // the line that would be printed, without the time
}

// timeForm is the form of a packet's time.
const timeForm = "2006-01-02T15:04:05.000000000Z"

// appendObject appends a packet as JSON and a newline; summary is its line.
func appendObject(b []byte, rec *savefile.Record, link linktype.Type, summary []byte) ([]byte, error) {
	o := packetObject{
		Number:   rec.Number,
		Time:     time.Unix(rec.Sec, int64(rec.Nsec)).UTC().Format(timeForm),
		Link:     link.String(),
		Captured: len(rec.Data),
		Length:   rec.Len,
		Summary:  string(bytes.TrimRight(summary, "\n")),
	}
	if rec.Interface != nil {
		o.Interface = rec.Interface.Name
	}
	o.addresses(rec.Data, link)
	out := bytes.NewBuffer(b)
	e := json.NewEncoder(out)
	e.SetEscapeHTML(false) // a summary has many > in it
	err := e.Encode(&o)
	return out.Bytes(), err
}

// firstLayer returns the decoder of a link type's packets and the packet as it takes
// it, nil where the headers cannot be taken apart here.
func firstLayer(data []byte, link linktype.Type) (gopacket.Decoder, []byte) {
	switch link {
	case linktype.Ethernet:
		return layers.LayerTypeEthernet, data
	case linktype.Null, linktype.Loop:
		return layers.LayerTypeLoopback, data
	case linktype.LinuxSLL:
		return layers.LayerTypeLinuxSLL, data
	case linktype.LinuxSLL2: // starts with the protocol, and is 20 bytes long
		if len(data) >= 20 {
			return layers.EthernetType(binary.BigEndian.Uint16(data)), data[20:]
		}
	case linktype.Raw, linktype.IPv4, linktype.IPv6:
		switch {
		case len(data) == 0:
		case data[0]>>4 == 4:
			return layers.LayerTypeIPv4, data
		case data[0]>>4 == 6:
			return layers.LayerTypeIPv6, data
		}
	}
	return nil, nil
}

// addresses sets the addresses, the protocol and the ports.
func (o *packetObject) addresses(data []byte, link linktype.Type) {
	first, data := firstLayer(data, link)
	if first == nil {
		return
	}
	ports := func(proto layers.IPProtocol, payload []byte) {
		n := uint8(proto)
		o.Proto = &n
		switch proto {
		case layers.IPProtocolTCP, layers.IPProtocolUDP, layers.IPProtocolUDPLite, layers.IPProtocolSCTP:
			if len(payload) >= 4 {
				src, dst := binary.BigEndian.Uint16(payload), binary.BigEndian.Uint16(payload[2:])
				o.SrcPort, o.DstPort = &src, &dst
			}
		}
	}
	packet := gopacket.NewPacket(data, first, gopacket.DecodeOptions{NoCopy: true, Lazy: true})
	switch ip := packet.NetworkLayer().(type) {
	case nil:
		if arp, ok := packet.Layer(layers.LayerTypeARP).(*layers.ARP); ok && len(arp.SourceProtAddress) == 4 && len(arp.DstProtAddress) == 4 {
			o.Src, o.Dst = layers.NewIPEndpoint(arp.SourceProtAddress).String(), layers.NewIPEndpoint(arp.DstProtAddress).String()
		}
	case *layers.IPv4:
		o.Src, o.Dst = ip.SrcIP.String(), ip.DstIP.String()
		if ip.FragOffset == 0 {
			ports(ip.Protocol, ip.Payload)
		} else {
			ports(ip.Protocol, nil)
		}
	case *layers.IPv6:
		o.Src, o.Dst = ip.SrcIP.String(), ip.DstIP.String()
		proto, payload := behindExtensions(ip.NextHeader, ip.Payload)
		if ip.HopByHop != nil { // which gopacket takes along with the header
			proto, payload = behindExtensions(ip.HopByHop.NextHeader, ip.Payload)
		}
		ports(proto, payload)
	}
}

// behindExtensions steps over extension headers of IPv6. Of a fragment that is not the
// first there is no payload.
func behindExtensions(proto layers.IPProtocol, b []byte) (layers.IPProtocol, []byte) {
	for {
		n := 0
		switch {
		case len(b) < 8:
			return proto, b
		case proto == layers.IPProtocolIPv6HopByHop, proto == layers.IPProtocolIPv6Routing, proto == layers.IPProtocolIPv6Destination:
			n = 8 * (int(b[1]) + 1)
		case proto == layers.IPProtocolIPv6Fragment:
			if n = 8; binary.BigEndian.Uint16(b[2:])&^7 != 0 {
				return layers.IPProtocol(b[0]), nil
			}
		default:
			return proto, b
		}
		if len(b) < n {
			return proto, nil
		}
		proto, b = layers.IPProtocol(b[0]), b[n:]
	}
}
